/**
 * Colours for numbers, chosen so that the colour-blind can read them: signed numbers from blue (against) through the
 * ground to orange (for), plain ones from dark blue to yellow (cividis, Nuñez et al. 2018).
 */

export type Colour = readonly [number, number, number];

const AGAINST: Colour = [50, 136, 219];
const FOR: Colour = [238, 119, 20];
const CIVIDIS: readonly Colour[] = [[0, 34, 78], [42, 63, 108], [87, 93, 109], [122, 119, 120], [161, 146, 116], [205, 175, 91], [254, 232, 56]];

const mixed = (a: Colour, b: Colour, share: number): Colour => [0, 1, 2].map((i) => (a[i] ?? 0) + ((b[i] ?? 0) - (a[i] ?? 0)) * share) as unknown as Colour;

/** Of a share in [-1, 1] over a grey in [0, 255]. */
export function signed(share: number, grey: number): Colour {
  return mixed([grey, grey, grey], share < 0 ? AGAINST : FOR, Math.min(1, Math.abs(share)) ** 0.75);
}

/** Of a share in [0, 1]. */
export function plain(share: number): Colour {
  const at = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (CIVIDIS.length - 1);
  const low = Math.min(CIVIDIS.length - 2, Math.floor(at));
  return mixed(CIVIDIS[low] as Colour, CIVIDIS[low + 1] as Colour, at - low);
}

/** Fills a canvas of `width` pixels a row, one pixel a number. */
export function paint(canvas: HTMLCanvasElement, width: number, colours: Iterable<Colour>): void {
  const all = [...colours];
  canvas.width = width;
  canvas.height = all.length / width;
  const context = canvas.getContext('2d');
  if (!context || all.length === 0) return;
  const image = context.createImageData(canvas.width, canvas.height);
  all.forEach(([red, green, blue], at) => image.data.set([red, green, blue, 255], at * 4));
  context.putImageData(image, 0, 0);
}
