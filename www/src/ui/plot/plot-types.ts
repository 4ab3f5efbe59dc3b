/** What a plot is told to draw: axes, series, guides. */

export type Point = readonly [x: number, y: number];

export interface Axis {
  label: string;
  min: number;
  max: number;
  /** Of ticks and in the table. */
  format?: (value: number) => string;
  /** About so many; 5 where nothing is said. */
  ticks?: number;
}

/** `steps` go across, then up or down; `bars` stand on the axis around their x. */
export type Kind = 'line' | 'steps' | 'points' | 'bars' | 'band';

export interface Series {
  name: string;
  points: readonly Point[];
  /** A line where nothing is said. */
  kind?: Kind;
  /** One of four colours, each with a dash and a marker of its own; counted through where nothing is said. */
  tone?: 1 | 2 | 3 | 4;
  /** Of points: whiskers. Of a band: its edges, and then the y of the points is not drawn. */
  ranges?: readonly (readonly [low: number, high: number])[];
  /** Of bars: width in units of x. */
  width?: number;
  /** Of points: their areas grow with these. */
  weights?: readonly number[];
  /** Not in the table and the legend: what only repeats another. */
  silent?: boolean;
}

/** A dashed line across the plot at one value of an axis. */
export interface Guide {
  axis: 'x' | 'y';
  at: number;
  label?: string;
}

export interface Drawing {
  series: readonly Series[];
  guides?: readonly Guide[];
  /** A sentence that says what the plot shows now: for those who do not see it. */
  summary?: string;
  x?: Partial<Axis>;
  y?: Partial<Axis>;
}

export interface PlotOptions {
  title: string;
  x: Axis;
  y: Axis;
  /** The line x = y: chance, or perfect calibration. */
  diagonal?: string;
  /** Under the title, in sight. */
  note?: string;
}
