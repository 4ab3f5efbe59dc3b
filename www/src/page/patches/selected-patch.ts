/** One patch, large: picture beside probability, decision, and what there is to know about it. */
import { decisionMark, probabilityBar, syntheticBadge } from '../../ui/probability-bar.ts';
import { byId, drawGrey, make, pair } from '../../ui/dom.ts';
import type { Row } from './results.ts';
import { linkTo } from '../learn/address.ts';
import { asSentence, milliseconds, percent } from '../../ui/numbers.ts';
import { modelName } from '../../strings/networks.ts';
import { looksAround } from '../../shared/heads.ts';
import { strings } from '../../strings/strings.ts';
import type { MethodInfo } from '../../shared/wasm/engine-wasm.ts';

const text = strings.detail;

/** To the explanation of a patch; `look` makes it the one that is looked at. */
export function whyLink(look: () => void): HTMLAnchorElement {
  const link = make('a', '', strings.lab.whyLink);
  link.href = linkTo({ see: 'why' });
  link.addEventListener('click', look);
  return link;
}

export class SelectedPatch {
  private readonly panel = byId('detail', 'section');
  private readonly canvas = byId('detail-picture', 'canvas');
  private readonly picture = byId('detail-figure', 'figure');
  private readonly caption = byId('detail-caption', 'figcaption');
  private readonly body = byId('detail-body', 'div');
  private shows = '';
  private readonly look: (row: Row) => void;

  /** `look` makes a row the one that is explained. */
  constructor(look: (row: Row) => void) {
    this.look = look;
  }

  draw(row: Row | undefined, method: MethodInfo | undefined): void {
    const shows = row ? `${row.key} ${row.state} ${row.prediction?.probability} ${row.model?.modelId}` : '';
    if (this.shows === shows) return;
    this.shows = shows;
    this.panel.dataset['state'] = row?.state ?? 'none';
    if (!row) {
      this.picture.dataset['empty'] = '';
      this.caption.textContent = '';
      this.canvas.width = 0;
      this.canvas.removeAttribute('aria-label');
      this.body.replaceChildren(make('p', 'quiet', text.empty));
      return;
    }
    this.drawPicture(row, method);
    const name = make('h3', 'detail-name', row.name);
    if (row.synthetic) name.append(' ', syntheticBadge());
    this.body.replaceChildren(name, ...this.answer(row), ...this.facts(row));
  }

  private drawPicture(row: Row, method: MethodInfo | undefined): void {
    if (row.patch && method) {
      delete this.picture.dataset['empty'];
      drawGrey(this.canvas, row.patch.grey, method.patchSize);
      this.canvas.setAttribute('aria-label', text.picture(row.name));
      this.caption.textContent = text.asSeen(method);
    } else {
      this.picture.dataset['empty'] = '';
      this.caption.textContent = '';
    }
  }

  private answer(row: Row): HTMLElement[] {
    const { model, prediction, problem } = row;
    if (problem) {
      const hint = problem.hint ? [make('p', 'hint', asSentence(problem.hint))] : [];
      return [make('div', 'problem', make('p', 'problem-what', make('strong', '', `${strings.state[row.state]}. `), asSentence(problem.message)), ...hint)];
    }
    if (!prediction || !model) {
      return [make('p', 'quiet', row.state === 'cancelled' ? text.cancelled : text.waiting)];
    }
    const { probability, decision, threshold } = prediction;
    const tickLabel = make('span', 'tick-label', text.threshold(threshold));
    tickLabel.style.setProperty('--share', `${threshold * 100}%`);
    const scale = make('div', 'scale', probabilityBar(probability, threshold, decision), tickLabel);
    return [
      make('p', 'headline-decision', decisionMark(decision)),
      make('p', 'headline-probability', make('span', 'big-number', percent(probability)), ' ', make('span', 'unit', text.probability)),
      scale,
      make('p', 'sentence', text.sentence(modelName(model), decision, threshold, looksAround(model) ? prediction.head : undefined)),
      make('p', 'quiet', text.meaning),
      make('p', 'why-link', whyLink(() => this.look(row))),
    ];
  }

  private facts(row: Row): HTMLElement[] {
    const { model, patch } = row;
    const list = make('dl', 'facts');
    if (row.synthetic) pair(list, text.notes, strings.syntheticNote(row.synthetic.label, row.synthetic.seed));
    if (patch) {
      if (patch.notes.length > 0) pair(list, text.notes, make('ul', '', ...patch.notes.map((note) => make('li', '', note))));
      pair(list, text.source, text.sourceText(patch.format, patch.width, patch.height, patch.bitDepth, patch.colour));
    }
    if (row.milliseconds !== undefined) pair(list, text.time, `${milliseconds(row.milliseconds)} `, make('span', 'quiet', `(${text.timeNote})`));
    if (model) pair(list, text.network, `${modelName(model)}, `, make('code', '', model.modelId));
    if (row.engine && patch) pair(list, text.engine, row.engine);
    if (patch) pair(list, text.hash, make('code', 'hash', patch.sha256));
    return list.childElementCount > 0 ? [list] : [];
  }
}
