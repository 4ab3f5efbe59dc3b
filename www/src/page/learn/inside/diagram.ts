/** The network drawn from its own list of layers: a block each, as wide as its maps and as deep as it has channels. */
import { button } from '../../../ui/button.ts';
import { make, setText } from '../../../ui/dom.ts';
import { insideText as text } from '../../../strings/inside.ts';
import type { Step } from '../../../shared/wasm/inside-wasm.ts';
import { dims } from './scene.ts';
import type { Scene } from './scene.ts';

const SVG = 'http://www.w3.org/2000/svg';
const BOX = { width: 76, height: 56 };

/** Sheets behind each other: their side follows the map's, their number the channels. */
function sheets(shape: number[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${BOX.width} ${BOX.height}`);
  svg.setAttribute('aria-hidden', 'true');
  const [channels, rows] = dims(shape);
  const draw = (x: number, y: number, width: number, height: number): void => {
    const rect = document.createElementNS(SVG, 'rect');
    for (const [name, value] of Object.entries({ x, y, width, height, rx: 1 })) rect.setAttribute(name, String(value));
    svg.append(rect);
  };
  const depth = Math.max(1, Math.min(9, Math.round(Math.log2(channels)) + 1));
  const side = rows > 1 ? 8 + (rows / 50) * 28 : 5;
  // Features stand in a row, maps behind each other.
  const [dx, dy] = rows > 1 ? [3, -2] : [7, 0];
  const [width, height] = [side + dx * (depth - 1), side - dy * (depth - 1)];
  const [left, bottom] = [(BOX.width - width) / 2, (BOX.height + height) / 2];
  for (let i = depth - 1; i >= 0; i -= 1) draw(left + dx * i, bottom - side + dy * i, side, side);
  return svg;
}

export class Diagram {
  readonly element = make('ol', 'diagram');
  private blocks: HTMLButtonElement[] = [];
  private drawnFor: unknown;
  private readonly choose: (layer: number) => void;

  constructor(choose: (layer: number) => void) {
    this.choose = choose;
  }

  show({ layers, traced, info, head }: Scene, chosen: number): void {
    const drawnFor = `${info.modelId} ${head}`;
    if (this.drawnFor !== drawnFor) {
      this.drawnFor = drawnFor;
      const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
      this.blocks = [undefined, ...layers].map((layer, i) => this.block(layer, traced[i]?.shape ?? [], macs, i));
      // What comes from outside does not follow from what stands in front of it.
      this.element.replaceChildren(...this.blocks.map((block, i) => make('li', layers[i]?.before.length === 0 ? 'apart' : '', block)));
    }
    for (const [i, block] of this.blocks.entries()) {
      if (i === chosen) block.setAttribute('aria-current', 'step');
      else block.removeAttribute('aria-current');
    }
  }

  private block(layer: Step | undefined, shape: number[], macs: number, i: number): HTMLButtonElement {
    const line = (className: string, content: string): HTMLElement => {
      const span = make('span', className);
      setText(span, content);
      return span;
    };
    const bar = make('span', 'block-share');
    bar.style.setProperty('--share', `${((layer?.macs ?? 0) / (macs || 1)) * 100}%`);
    const block = button([
      sheets(shape),
      line('block-name', layer?.name ?? text.input),
      line('block-what', layer ? text.operation(layer) : text.inputOperation),
      line('block-shape', text.shape(shape)),
      ...(layer ? [line('block-cost', text.parameters(layer.parameters)), line('block-cost', text.macs(layer.macs, macs)), bar] : []),
    ], () => this.choose(i), 'block');
    block.dataset['layer'] = layer?.name ?? text.input;
    return block;
  }
}
