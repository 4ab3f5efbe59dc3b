// Our own modules: one instance here, or several in workers of their own.

/** A module's instance, once a package. */
const modules = new Map();
function load(pkg) {
  if (!modules.has(pkg)) {
    modules.set(pkg, (async () => {
      const api = await import(`/pkg/${pkg}/nodulens.js`);
      const { memory } = await api.default({ module_or_path: fetch(`/pkg/${pkg}/nodulens_bg.wasm`) });
      return { api, memory };
    })());
  }
  return modules.get(pkg);
}

/** `pkg` is cpu, webgpu, or reference, which is inside the lab's; `model` the name of the weights. */
export async function makeOurs({ pkg, model }) {
  const [{ api, memory }, weights] = await Promise.all([
    load(pkg === 'reference' ? 'lab' : pkg),
    fetch(`/models/${model}.nodulens`).then(async (response) => new Uint8Array(await response.arrayBuffer())),
  ]);
  const classifier = await (pkg === 'reference' ? api.Classifier.loadReference(weights) : api.Classifier.load(weights));
  return {
    logits: (values) => classifier.logits(values),
    dense: (values, width, height) => classifier.denseLogits(values, width, height),
    memory: () => memory.buffer.byteLength,
  };
}

/** The batch split between plain workers, each with an instance of its own. */
export async function makeOurWorkers({ threads, ...options }) {
  const workers = Array.from({ length: threads }, () => new Worker(new URL('./ours-worker.js', import.meta.url), { type: 'module' }));
  const ask = (worker, message) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message, message.values ? [message.values.buffer] : []);
  });
  await Promise.all(workers.map((worker) => ask(worker, { options })));
  return {
    async logits(values) {
      const patches = values.length / 2500;
      const share = Math.ceil(patches / threads);
      const parts = await Promise.all(workers.map((worker, i) => {
        const part = values.slice(i * share * 2500, Math.min(patches, (i + 1) * share) * 2500);
        return part.length > 0 ? ask(worker, { values: part }) : { logits: new Float32Array() };
      }));
      return Float32Array.from(parts.flatMap(({ logits }) => Array.from(logits)));
    },
  };
}
