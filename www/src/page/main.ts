/** Wiring: the page's elements, the engines, the queue and the views. Decisions live in the modules. */
import './privacy/guard.ts';
import { button } from '../ui/button.ts';
import { byId, make, oncePerFrame, setText } from '../ui/dom.ts';
import { code } from './assets/code-and-weights.ts';
import { isThere } from './assets/parts.ts';
import { drawCard } from './settings/model-card.ts';
import { unpackWhenOpened } from './shell/licences.ts';
import { Detail } from './patches/selected-patch.ts';
import { EnginePanel } from './settings/engine-panel.ts';
import { Engines } from './engines/engines.ts';
import { download, exportRows, toCsv, toJson } from './patches/export-patches.ts';
import { modelAskedFor } from './assets/model-list.ts';
import { startOffline } from './shell/available-offline.ts';
import { faultAskedFor } from './engines/fault-switch.ts';
import { linkTo } from './learn/address.ts';
import { loadViews } from './learn/load-views.ts';
import { Learn } from './learn/learn-panel.ts';
import { recognise } from './learn/own-set/recognise.ts';
import { NetworkPanel } from './settings/network-panel.ts';
import { arrivalsFromClipboard, arrivalsFromDrop, arrivalsFromInput, arrivalsFromPhantoms, extensionLabel } from './intake/arrivals.ts';
import type { Arrivals } from './intake/arrivals.ts';
import { remembered } from './settings/kept-choices.ts';
import { worstOfEach } from '../shared/leak-attempt.ts';
import { PrivacyPanel } from './privacy/privacy-panel.ts';
import { Results } from './patches/results.ts';
import type { Filter, Row } from './patches/results.ts';
import { Runner } from './patches/queue.ts';
import { RunPanel } from './patches/queue-panel.ts';
import { Opener } from './scan/open-files.ts';
import { ScanPanel } from './scan/scan-panel.ts';
import { sortArrivals } from './intake/sort-arrivals.ts';
import { bytes, count } from '../ui/numbers.ts';
import { networkName } from '../strings/networks.ts';
import { strings } from '../strings/strings.ts';
import { evaluateText } from '../strings/evaluate.ts';
import { ResultsTable } from './patches/results-table.ts';
import type { SizePolicy } from '../shared/wasm/engine-wasm.ts';

/** How many examples a click gives: half of them with a nodule, all in one view. */
const EXAMPLES = 8;

const drawSoon = oncePerFrame(draw);
const choices = remembered();
const engines = new Engines(modelAskedFor(location.search), choices?.network, drawSoon);
if (choices?.engine) engines.begin(choices.engine);
const results = new Results(drawSoon);
const runner = new Runner(engines, results, drawSoon);
const table = new ResultsTable(results);
const enginePanel = new EnginePanel(engines);
const networkPanel = new NetworkPanel(engines, (id) => void engines.use(id).then(() => runner.resume()));
const learn = new Learn(engines, results, runner, { opened: () => draw(), notify, arriveAsSet: (arrivals) => void arrive(arrivals, strings.intake.nothing, true) });
const detail = new Detail((row) => learn.lookAt(row));
const scanPanel = new ScanPanel(engines, notify, drawSoon, (spot) => learn.look(spot));
const opener = new Opener(scanPanel, notify);
const runPanel = new RunPanel(engines, results, runner, { cropAgain, openSlices, rerunCancelled, again });
const privacy = new PrivacyPanel(engines, {
  tryWorkers: async (sealed) => {
    const own = sealed ? new URL('./main.js', document.baseURI).href : undefined;
    // Each way once, and as the worst of the workers has it.
    return worstOfEach([
      ...(await engines.work((worker) => worker.ask({ kind: 'try-network', own }))).attempts,
      // Where it is still being built there is nothing to try.
      ...(isThere('lab') ? (await learn.lab.ask('try-network', { own })).attempts : []),
      ...(await (scanPanel.scan?.loader.ask({ kind: 'try-network', own }) ?? { attempts: [] })).attempts,
    ]);
  },
  renewLoaders() {
    scanPanel.scan?.loader.renew();
    learn.renew();
  },
  clearAll() {
    forgotten += 1;
    runner.forget();
    results.clear();
    results.forgetCleared();
    opener.cancel();
    scanPanel.close();
    learn.forget();
    notices.replaceChildren();
    checkFilter();
    // Pictures stay on a canvas that is hidden.
    for (const canvas of document.querySelectorAll('canvas')) canvas.width = canvas.height = 0;
  },
});
const notices = byId('notices', 'div');
/** How often everything was forgotten. */
let forgotten = 0;
let cardOf = '';
let fellBackFor = '';
let saidUnknown = false;

function draw(): void {
  const { method } = engines;
  const { rows } = results;
  document.body.classList.toggle('has-results', rows.length > 0 || scanPanel.scan !== undefined || learn.open);
  document.body.classList.toggle('has-one', rows.length === 1);
  byId('results', 'section').hidden = rows.length === 0;
  byId('skip-results', 'a').hidden = rows.length === 0;
  networkPanel.draw();
  enginePanel.draw();
  runPanel.draw();
  table.draw(method);
  detail.draw(results.selected, method);
  drawFromModel();
  scanPanel.engineChanged();
  learn.changed();
  privacy.draw();
  privacy.keep();
  warnOnFallback();
  warnOnUnknownModel();
}

/** Texts that need the wasm's numbers; once, when they are known. */
function drawFromModel(): void {
  const { method, model } = engines;
  if (!method || !model || cardOf === model.modelId) return;
  cardOf = model.modelId;
  byId('lead', 'span').textContent = strings.lead(method);
  byId('size-legend', 'legend').textContent = strings.sizeLegend(method);
  byId('size-crop', 'span').textContent = strings.sizeCrop(method);
  byId('size-note', 'p').textContent = strings.sizeNote;
  byId('preparation', 'span').textContent = strings.preparation(method);
  byId('version', 'span').textContent = strings.version(method);
  byId('card-line', 'span').textContent = `${model.modelId}, ${count(model.parameters)} ${strings.card.parameters.toLowerCase()}, ${bytes(model.weightsBytes)}`;
  drawCard(byId('card-body', 'div'), model);
}

/** WebGPU was wanted and is not used: said once for each reason, where it is seen. */
function warnOnFallback(): void {
  const { choice, webgpu } = engines;
  const reason = choice.fellBack ? choice.why : '';
  if (reason === fellBackFor) return;
  fellBackFor = reason;
  if (reason) notify(reason, ...(webgpu.phase === 'failed' && webgpu.problem.hint ? [webgpu.problem.hint] : []));
}

/** The address names a network that is not here: said once. */
function warnOnUnknownModel(): void {
  const { current, unknownModel } = engines;
  if (saidUnknown || !current || unknownModel === undefined) return;
  saidUnknown = true;
  notify(strings.network.unknown(unknownModel, networkName(current.id, current.name)));
}

/** A line that stays until it is dismissed; the area is a live region. */
function notify(...text: string[]): void {
  noticeWith(text.join(' '), strings.dismiss, () => undefined);
}

function noticeWith(text: string, action: string, act: () => void): void {
  const dismiss = button(action, () => {
    notice.remove();
    act();
  }, 'plain');
  const notice = make('div', 'notice-line', make('p', '', text), dismiss);
  notices.append(notice);
  while (notices.childElementCount > 3) notices.firstElementChild?.remove();
}

/** `asSet`: the user has said that it has labels. */
async function arrive(arrived: Arrivals, nothing: string, asSet = false): Promise<void> {
  const when = forgotten;
  const set = await recognise(arrived, asSet);
  const arrivals = set.kind === 'set' ? set.rest : arrived;
  const { pictures, scans, weights, skipped } = await sortArrivals(arrivals, extensionLabel);
  // Everything was forgotten while they were looked at.
  if (when !== forgotten) return;
  notices.replaceChildren();
  if (set.kind === 'unusable') notify(evaluateText.setUnusable(set.file, set.problem));
  else if (set.kind === 'none' && asSet) notify(evaluateText.setNothing);
  if (pictures.length + scans.length + weights.length > 0) privacy.requests.fileOpened();
  if (skipped.count > 0) {
    const kinds = [...skipped.byExtension].sort((a, b) => b[1] - a[1]).map(([extension, n]) => `${count(n)} ${extension}`);
    notify(strings.intake.skipped(skipped.count, kinds.slice(0, 5).join(', ') + (kinds.length > 5 ? ', …' : '')));
  }
  if (pictures.length === 0 && scans.length === 0 && weights.length === 0) notify(skipped.count === 0 ? nothing : strings.intake.nothingInFolder);
  if (weights.length > 0) void learn.own.open(weights);
  if (scans.length > 0) void opener.files(scans);
  if (pictures.length === 0) return;
  const rows = results.add(pictures);
  runner.enqueue(rows);
  if (set.kind !== 'set') return;
  void learn.takeSet(set.proposal, rows).catch(() => notify(evaluateText.setNotOpened));
  location.hash = linkTo({ see: 'own-set' });
  const { how, by, labels } = set.proposal;
  noticeWith(evaluateText.setRecognised(how, by, labels.size), evaluateText.setPlain, () => learn.leaveSet());
}

/** Pictures larger than a patch, as slices in the viewer. */
function openSlices(rows: Row[]): void {
  void opener.files(rows.map(({ name, blob }) => ({ name, blob })));
}

function again(rows: Row[]): void {
  results.reset(rows);
  runner.enqueue(rows);
}

function rerunCancelled(): void {
  again(results.rows.filter(({ state }) => state === 'cancelled'));
}

/** The rows that only the size policy refused, now with their centre. */
function cropAgain(rows: Row[]): void {
  setPolicy('center-crop');
  again(rows);
}

function setPolicy(policy: SizePolicy): void {
  runner.policy = policy;
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=size]')) input.checked = input.value === policy;
}

let nextSeed = 1;

async function tryExamples(): Promise<void> {
  const button = byId('try-examples', 'button');
  button.setAttribute('aria-busy', 'true');
  try {
    const seed = nextSeed;
    nextSeed += EXAMPLES;
    await arrive(arrivalsFromPhantoms(await engines.phantoms(seed, EXAMPLES)), strings.run.examplesFailed);
  } catch (error) {
    notify(strings.run.examplesFailed, error instanceof Error ? error.message : String(error), strings.engine.reloadHint);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

function wireIntake(): void {
  const files = byId('input-files', 'input');
  const folder = byId('input-folder', 'input');
  byId('choose-files', 'button').addEventListener('click', () => files.click());
  byId('choose-folder', 'button').addEventListener('click', () => folder.click());
  byId('try-examples', 'button').addEventListener('click', () => void tryExamples());
  byId('try-scan', 'button').addEventListener('click', () => {
    privacy.requests.fileOpened();
    void opener.example();
  });
  files.addEventListener('change', () => void arrive(arrivalsFromInput(files), strings.intake.nothing));
  folder.addEventListener('change', () => void arrive(arrivalsFromInput(folder), strings.intake.nothingInFolder));
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=size]')) {
    input.addEventListener('change', () => {
      setPolicy(input.value as SizePolicy);
      drawSoon();
    });
  }
  document.addEventListener('paste', (event) => {
    if (!event.clipboardData) return;
    event.preventDefault();
    void arrive(arrivalsFromClipboard(event.clipboardData), strings.intake.nothingPasted);
  });
}

/** The whole page takes a drop; the veil says so while something is dragged over it. */
function wireDrop(): void {
  const veil = byId('veil', 'div');
  // Enter and leave also fire for every element inside; only the balance tells whether the pointer is over the page.
  let depth = 0;
  const over = (by: number): void => {
    depth = Math.max(0, depth + by);
    veil.hidden = depth === 0;
  };
  addEventListener('dragenter', (event) => {
    if (event.dataTransfer?.types.includes('Files')) over(1);
  });
  addEventListener('dragleave', (event) => {
    if (event.dataTransfer?.types.includes('Files')) over(-1);
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    over(-depth);
    if (event.dataTransfer) void arrivalsFromDrop(event.dataTransfer).then((arrivals) => arrive(arrivals, strings.intake.nothing));
  });
}

function wireResults(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=filter]')) {
    input.addEventListener('change', () => results.show(input.value as Filter));
  }
  byId('csv', 'button').addEventListener('click', () => {
    download('nodulens.csv', 'text/csv;charset=utf-8', toCsv(exportRows(results.rows)));
  });
  byId('json', 'button').addEventListener('click', () => {
    const { method } = engines;
    if (method) download('nodulens.json', 'application/json', toJson(results.rows, method));
  });
  byId('clear', 'button').addEventListener('click', clear);
  setText(byId('no-rows', 'p'), strings.table.empty);
}

/** Clearing can be undone until something new arrives. */
function clear(): void {
  runner.forget();
  const removed = results.clear();
  checkFilter();
  notices.replaceChildren();
  noticeWith(strings.run.cleared(removed), strings.undo, () => {
    results.undoClear();
    byId('csv', 'button').focus();
  });
  byId('choose-files', 'button').focus();
}

function checkFilter(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=filter]')) input.checked = input.value === results.filter;
}

/** What a scan and the views of "See why, and learn" need, once the engine has what it needs: afterwards opening files asks for nothing. */
function prefetch(): Promise<unknown> {
  const soon = 'requestIdleCallback' in window ? requestIdleCallback : setTimeout;
  return new Promise((resolve) => soon(() => resolve(Promise.all([code('loader'), code('lab'), loadViews()]).catch(() => undefined))));
}

unpackWhenOpened();
wireIntake();
wireDrop();
wireResults();
draw();
learn.begin();
const fault = faultAskedFor();
if (fault) notify(strings.why.faultIsOn(fault));
void engines.start().then(prefetch).then(startOffline);
