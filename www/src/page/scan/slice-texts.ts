/** What is written over a slice: letters, number, window and scale, and in its place why there is none. */
import { strings } from '../../strings/strings.ts';
import type { DisplayWindow } from './display-window.ts';
import type { Scene } from './scene.ts';

const TEXT_PX = 13;
const INK = '#f2d479';

type Write = (text: string, x: number, y: number, align: CanvasTextAlign, baseline: CanvasTextBaseline) => void;

function writer({ context, ratio }: Scene): Write {
  return (text, x, y, align, baseline) => {
    context.textAlign = align;
    context.textBaseline = baseline;
    context.lineWidth = 3 * ratio;
    context.strokeStyle = 'rgb(0 0 0 / 0.75)';
    context.fillStyle = INK;
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  };
}

/** Letters at the edges, slice, window and scale in the corners. */
export function drawTexts(scene: Scene, window: DisplayWindow): void {
  const { context, index, info, ratio } = scene;
  const { width, height } = context.canvas;
  const margin = 8 * ratio;
  const write = writer(scene);
  context.font = `${TEXT_PX * ratio}px system-ui, sans-serif`;
  const [left, right, top, bottom] = info.letters;
  write(left, margin, height / 2, 'left', 'middle');
  write(right, width - margin, height / 2, 'right', 'middle');
  write(top, width / 2, margin, 'center', 'top');
  write(bottom, width / 2, height - margin, 'center', 'bottom');
  write(strings.scan.sliceOf(index, info.count), margin, margin, 'left', 'top');
  write(strings.scan.levelWidth(window), margin, height - margin, 'left', 'bottom');
  drawScale(scene, width - margin, height - margin, write);
}

/** A bar of a round number of millimetres. */
function drawScale({ context, info, ratio, view }: Scene, x: number, y: number, write: Write): void {
  const perMm = view.scale.x / info.pitchMm[0];
  const room = context.canvas.width / 5;
  const mm = [100, 50, 20, 10, 5, 2, 1].find((length) => length * perMm <= room) ?? 1;
  write(`${mm} mm`, x, y - 6 * ratio, 'right', 'bottom');
  context.fillStyle = INK;
  context.fillRect(x - mm * perMm, y - 3 * ratio, mm * perMm, 2 * ratio);
}

/** In the middle of a black slice: why it cannot be shown, or that it is on its way. */
export function drawInstead({ context, ratio }: Scene, problem: string | undefined): void {
  const { width, height } = context.canvas;
  context.font = `${TEXT_PX * ratio}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = INK;
  const text = problem === undefined ? strings.scan.sliceComing : strings.scan.sliceUnreadable(problem);
  const lines = wrap(text, (part) => context.measureText(part).width, width * 0.7);
  const apart = TEXT_PX * 1.5 * ratio;
  lines.forEach((line, at) => context.fillText(line, width / 2, height / 2 + (at - (lines.length - 1) / 2) * apart));
}

/** Text in lines that are not wider than that. */
function wrap(text: string, width: (text: string) => number, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && width(longer) <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
