/** Texts of the page that need the wasm's numbers, and the model card: written when they are known. */
import { byId } from '../../ui/dom.ts';
import { bytes, count } from '../../ui/numbers.ts';
import { looksAround } from '../../shared/heads.ts';
import { strings } from '../../strings/strings.ts';
import type { Engines } from '../engines/engines.ts';
import { drawCard } from '../settings/model-card.ts';

let cardOf = '';

export function drawTextsOfTheModel({ method, model }: Engines): void {
  if (!method || !model || cardOf === model.modelId) return;
  cardOf = model.modelId;
  byId('lead', 'span').textContent = strings.lead(method);
  byId('size-legend', 'legend').textContent = strings.sizeLegend(method);
  byId('size-crop', 'span').textContent = strings.sizeCrop(method);
  byId('size-note', 'p').textContent = strings.sizeNote(looksAround(model));
  byId('preparation', 'span').textContent = strings.preparation(method);
  byId('version', 'span').textContent = strings.version(method);
  byId('card-line', 'span').textContent = `${model.modelId}, ${count(model.parameters)} ${strings.card.parameters.toLowerCase()}, ${bytes(model.weightsBytes)}`;
  drawCard(byId('card-body', 'div'), model);
}
