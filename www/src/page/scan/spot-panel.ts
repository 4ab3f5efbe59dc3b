/** The spot under the click: the patch around it, classified, and what is said of it. */
import { byId, drawGrey, make, setText } from '../../ui/dom.ts';
import { percent } from '../../ui/numbers.ts';
import type { ModelInfo, SliceIn, Spot } from '../../shared/wasm/engine-wasm.ts';
import { looksAround } from '../../shared/heads.ts';
import { strings } from '../../strings/strings.ts';
import type { Engines } from '../engines/engines.ts';
import { whyLink } from '../patches/selected-patch.ts';
import type { OpenScan } from './open-scan.ts';

const text = strings.scan;

export interface SpotAnswer {
  /** Of the acquired slices. */
  z: number;
  pixel: [number, number];
  spot: Spot;
  model: ModelInfo;
}

export interface SpotEvents {
  /** There is an answer. */
  classified(): void;
  /** It is what the views of "See why, and learn" look at from now on. */
  looked(spot: { slice: SliceIn; pixel: [number, number] }): void;
  notify(...text: string[]): void;
}

export class SpotPanel {
  answer: SpotAnswer | undefined;
  private asked = 0;
  private readonly engines: Engines;
  private readonly events: SpotEvents;

  constructor(engines: Engines, events: SpotEvents) {
    this.engines = engines;
    this.events = events;
  }

  /** `why`: what to say in its place. */
  forget(why: string = strings.html.spotEmpty): void {
    this.answer = undefined;
    this.asked += 1;
    byId('spot', 'div').hidden = true;
    byId('spot-picture', 'canvas').width = byId('spot-picture', 'canvas').height = 0;
    byId('spot-body', 'div').replaceChildren();
    byId('spot-empty', 'p').hidden = false;
    setText(byId('spot-empty', 'p'), why);
  }

  async classify(scan: OpenScan, z: number, pixel: [number, number]): Promise<void> {
    const asked = (this.asked += 1);
    try {
      const slice = await scan.sliceIn(z);
      const { spot, model } = await this.engines.work(async (worker, current) => ({ ...(await worker.ask({ kind: 'spot', slice, pixel })), model: current }));
      // Another click, or another scan, came first.
      if (asked !== this.asked) return;
      this.answer = { z, pixel, spot, model };
      this.draw(scan, this.answer);
      this.events.classified();
      this.events.looked({ slice, pixel });
    } catch (error) {
      if (asked === this.asked) this.events.notify(error instanceof Error ? error.message : String(error));
    }
  }

  private draw(scan: OpenScan, { pixel, spot, z, model }: SpotAnswer): void {
    const { method } = this.engines;
    if (!method) return;
    byId('spot', 'div').hidden = false;
    byId('spot-empty', 'p').hidden = true;
    drawGrey(byId('spot-picture', 'canvas'), spot.grey, method.patchSize);
    const { decision, head, probability, threshold } = spot.prediction;
    byId('spot-body', 'div').replaceChildren(
      make('p', 'headline-decision', strings.decision[decision]),
      make('p', '', make('span', 'big-number', percent(probability)), ' ', make('span', 'unit', `${strings.detail.threshold(threshold)}${looksAround(model) ? `, ${strings.seen[head]}` : ''}`)),
      make('p', 'quiet', text.at(scan.numberOf(z), scan.worldOf([...pixel, z]))),
      make('p', '', whyLink(() => void scan.sliceIn(z).then((slice) => this.events.looked({ slice, pixel })))),
      ...(spot.note ? [make('p', 'quiet', spot.note)] : []),
    );
  }
}
