/** Wiring: the places of the page, and what they want of each other. Decisions live in the modules. */
import './privacy/guard.ts';
import { hush } from '../ui/announce.ts';
import { byId, oncePerFrame } from '../ui/dom.ts';
import { catchLostFocus } from '../ui/focus.ts';
import { count } from '../ui/numbers.ts';
import { worstOfEach } from '../shared/leak-attempt.ts';
import type { SizePolicy } from '../shared/wasm/engine-wasm.ts';
import { evaluateText } from '../strings/evaluate.ts';
import { strings } from '../strings/strings.ts';
import { code } from './assets/code-and-weights.ts';
import { modelAskedFor } from './assets/model-list.ts';
import { isThere } from './assets/parts.ts';
import { Engines } from './engines/engines.ts';
import { extensionLabel } from './intake/arrivals.ts';
import type { Arrivals } from './intake/arrivals.ts';
import { IntakePanel } from './intake/intake-panel.ts';
import { sortArrivals } from './intake/sort-arrivals.ts';
import { linkTo } from './learn/address.ts';
import { Learn } from './learn/learn-panel.ts';
import { loadLater } from './load-later.ts';
import { recognise } from './learn/own-set/recognise.ts';
import { PatchesPanel } from './patches/patches-panel.ts';
import { Queue } from './patches/queue.ts';
import { Results } from './patches/results.ts';
import { PrivacyPanel } from './privacy/privacy-panel.ts';
import { FileOpener } from './scan/open-files.ts';
import { ScanPanel } from './scan/scan-panel.ts';
import { EnginePanel } from './settings/engine-panel.ts';
import { remembered } from './settings/kept-choices.ts';
import { NetworkPanel } from './settings/network-panel.ts';
import { startOffline } from './shell/available-offline.ts';
import { askBeforeLeaving } from './shell/leaving.ts';
import { unpackWhenOpened } from './shell/licences.ts';
import { Notices } from './shell/notices.ts';
import { drawTextsOfTheModel } from './shell/texts-of-the-model.ts';
import { Warnings } from './shell/warnings.ts';

const drawSoon = oncePerFrame(draw);
const notices = new Notices();
const { notify } = notices;
const choices = remembered();
const engines = new Engines(modelAskedFor(location.search), choices?.network, drawSoon);
if (choices?.engine) engines.begin(choices.engine);
const results = new Results(drawSoon);
const runner = new Queue(engines, results, drawSoon);
const warnings = new Warnings(engines, notify);
const enginePanel = new EnginePanel(engines);
const networkPanel = new NetworkPanel(engines, (id) => void engines.use(id).then(() => runner.resume()));
const learn = new Learn(engines, results, runner, { opened: () => draw(), notify, arriveAsSet: (arrivals) => void arrive(arrivals, strings.intake.nothing, true) });
const scanPanel = new ScanPanel(engines, notices, {
  opened: drawSoon,
  looked: (spot) => learn.look(spot),
  left: () => learn.leaveScan(),
  dropped: () => void engines.forgetWork(),
});
const opener = new FileOpener(scanPanel, notify);
const patches = new PatchesPanel(engines, results, runner, notices, {
  lookAt: (row) => learn.lookAt(row),
  cropAgain(rows) {
    setPolicy('center-crop');
    patches.again(rows);
  },
  openSlices: (rows) => void opener.files(rows.map(({ name, blob }) => ({ name, blob }))),
});
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
  renewWorkers() {
    scanPanel.scan?.loader.renew();
    learn.renew();
  },
  clearAll() {
    forgotten += 1;
    patches.forget();
    opener.cancel();
    scanPanel.close();
    learn.forget();
    notices.clear();
    hush();
    // Pictures stay on a canvas that is hidden.
    for (const canvas of document.querySelectorAll('canvas')) canvas.width = canvas.height = 0;
    // What workers computed with is in their memory.
    void engines.forgetWork();
  },
});
const intake = new IntakePanel(engines, {
  arrive,
  exampleScan() {
    privacy.requests.fileOpened();
    void opener.example();
  },
  policyChosen(policy) {
    setPolicy(policy);
    drawSoon();
  },
  notify,
});
/** How often everything was forgotten. */
let forgotten = 0;

function draw(): void {
  document.body.classList.toggle('has-results', results.rows.length > 0 || scanPanel.scan !== undefined || learn.open);
  networkPanel.draw();
  enginePanel.draw();
  patches.draw();
  drawTextsOfTheModel(engines);
  scanPanel.engineChanged();
  learn.changed();
  privacy.draw();
  privacy.keep();
  warnings.draw();
}

function setPolicy(policy: SizePolicy): void {
  runner.policy = policy;
  intake.showPolicy(policy);
}

/** `asSet`: the user has said that it has labels. */
async function arrive(coming: Arrivals | Promise<Arrivals>, nothing: string, asSet = false): Promise<void> {
  const when = forgotten;
  const arrived = await coming;
  const set = await recognise(arrived, asSet);
  const arrivals = set.kind === 'set' ? set.rest : arrived;
  const { pictures, scans, weights, skipped, unreadable } = await sortArrivals(arrivals, extensionLabel);
  // Everything was forgotten while they were looked at.
  if (when !== forgotten) return;
  notices.clear();
  if (set.kind === 'unusable') notify(evaluateText.setUnusable(set.file, set.problem));
  else if (set.kind === 'none' && asSet) notify(evaluateText.setNothing);
  if (pictures.length + scans.length + weights.length > 0) privacy.requests.fileOpened();
  if (unreadable.length > 0) notify(strings.intake.unreadableNames(unreadable));
  if (skipped.count > 0) {
    const kinds = [...skipped.byExtension].sort((a, b) => b[1] - a[1]).map(([extension, n]) => `${count(n)} ${extension}`);
    notify(strings.intake.skipped(skipped.count, kinds.slice(0, 5).join(', ') + (kinds.length > 5 ? ', …' : '')));
  }
  if (pictures.length + scans.length + weights.length + unreadable.length === 0) notify(skipped.count === 0 ? nothing : strings.intake.nothingInFolder);
  if (weights.length > 0) void learn.own.open(weights);
  if (scans.length > 0) void opener.files(scans);
  if (pictures.length === 0) return;
  const rows = results.add(pictures);
  runner.enqueue(rows);
  if (set.kind !== 'set') return;
  const { proposal } = set;
  void learn.takeSet(proposal, rows).catch(() => notify(evaluateText.setNotOpened));
  location.hash = linkTo({ see: 'own-set' });
  notices.offer(evaluateText.setRecognised(proposal.how, proposal.by, proposal.labels.size), evaluateText.setPlain, () => learn.leaveSet());
}

/** What a scan and the views of "See why, and learn" need, once the engine has what it needs: afterwards opening files asks for nothing. */
function prefetch(): Promise<unknown> {
  const soon = 'requestIdleCallback' in window ? requestIdleCallback : setTimeout;
  return new Promise((resolve) => soon(() => resolve(Promise.all([code('loader'), code('lab'), loadLater()]).catch(() => undefined))));
}

catchLostFocus([byId('scan', 'section'), byId('results', 'section'), byId('intake', 'section')]);
askBeforeLeaving(() => results.rows.length > 0 || scanPanel.hasWork || learn.hasWork);
unpackWhenOpened();
draw();
learn.begin();
warnings.begin();
void engines.start().then(prefetch).then(startOffline);
