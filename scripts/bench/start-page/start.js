// As little as a page can do to a first probability with onnxruntime-web: runtime and graph fetched side by side.
const graph = fetch('./compact.onnx').then(async (response) => new Uint8Array(await response.arrayBuffer()));
const patch = fetch('./patch.f32').then(async (response) => new Float32Array(await response.arrayBuffer()));
const ort = await import('./ort.js');
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(await graph, { executionProviders: ['wasm'] });
const input = new ort.Tensor('float32', await patch, [1, 1, 50, 50]);
const { probabilities } = await session.run({ patches: input }, ['probabilities']);
document.querySelector('#answer').textContent = String(probabilities.data[1]);
