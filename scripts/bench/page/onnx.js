// onnxruntime-web on the graphs that `cargo trainer convert` wrote.

/** `provider` is wasm or webgpu, `build` the file of the runtime, `model` the name of the graph; a page holds one build and one
 * number of threads. */
export async function makeOnnx({ provider, build, threads, model, dense }) {
  const ort = await import(`/onnxruntime-web/${build}`);
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = threads;
  const open = async (name) => {
    const graph = new Uint8Array(await (await fetch(`/data/${name}.onnx`)).arrayBuffer());
    return ort.InferenceSession.create(graph, { executionProviders: [provider], graphOptimizationLevel: 'all' });
  };
  const patches = model && (await open(model));
  const picture = dense && (await open(dense));
  const ask = async (session, name, values, dims) => {
    const { logits } = await session.run({ [name]: new ort.Tensor('float32', values, dims) }, ['logits']);
    const data = await logits.getData();
    return data;
  };
  return {
    logits: (values) => ask(patches, 'patches', values, [values.length / 2500, 1, 50, 50]),
    // [1, 2, h, w] -> two a place, as ours; a copy of 27,000 numbers.
    async dense(values, width, height) {
      const planes = await ask(picture, 'picture', values, [1, 1, height, width]);
      const places = planes.length / 2;
      const pairs = new Float32Array(planes.length);
      for (let i = 0; i < places; i += 1) {
        pairs[2 * i] = planes[i];
        pairs[2 * i + 1] = planes[places + i];
      }
      return pairs;
    },
  };
}
