// TensorFlow.js on its WebAssembly backend: NHWC and fused convolutions, which it runs fastest. The layers are the
// networks' of src/model/; the weights come as safetensors, which lays them out as PyTorch does.

const conv = (name, pad = 'valid') => ({ kind: 'conv', name, pad });
const pool = { kind: 'pool' };
const dense = (name, relu = false) => ({ kind: 'dense', name, relu });
const NETWORKS = {
  paper: [conv('conv1', 'same'), pool, conv('conv2', 'same'), conv('conv3', 'same'), pool, dense('fc1', true), dense('fc2')],
  compact: [
    conv('conv1'), pool, conv('conv2'), conv('conv3'), pool, conv('conv4'), conv('conv5'), conv('conv6'), conv('conv7'), dense('fc'),
  ],
};

function script(url) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement('script'), { src: url, onload: resolve, onerror: () => reject(new Error(url)) });
    document.head.append(element);
  });
}

let started;
async function start() {
  await script('/tfjs-core/tf-core.min.js');
  await script('/tfjs-backend-wasm/tf-backend-wasm.min.js');
  tf.wasm.setWasmPaths('/tfjs-backend-wasm/');
  // One thread: in 4.22 the threaded build stays at one, whatever it is asked for (issue 8513 of tensorflow/tfjs).
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  await tf.setBackend('wasm');
  await tf.ready();
  if (tf.getBackend() !== 'wasm') throw new Error('tfjs: no wasm backend');
}

async function parameters(url) {
  const file = await (await fetch(url)).arrayBuffer();
  const head = Number(new DataView(file).getBigUint64(0, true));
  const { __metadata__: _, ...listed } = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, head)));
  return Object.fromEntries(Object.entries(listed).map(([name, { shape, data_offsets: [from, to] }]) =>
    [name, { shape, values: new Float32Array(file.slice(8 + head + from, 8 + head + to)) }]));
}

/** `model` names the network; the layers' tensors are made once. */
export async function makeTfjs({ model }) {
  await (started ??= start());
  const given = await parameters(`/data/${model}.safetensors`);
  const tensor = (name) => tf.tensor(given[name].values, given[name].shape);
  // Channels of the last map and its side, for a dense layer that follows it: its inputs are in the order C, y, x.
  let [channels, side] = [1, 50];
  const layers = NETWORKS[model].map((layer) => tf.tidy(() => {
    if (layer.kind === 'pool') {
      side = Math.floor(side / 2);
      return layer;
    }
    const bias = tf.keep(tensor(`${layer.name}.bias`));
    const weight = tensor(`${layer.name}.weight`);
    if (layer.kind === 'conv') {
      channels = weight.shape[0];
      if (layer.pad === 'valid') side -= weight.shape[2] - 1;
      return { ...layer, bias, filter: tf.keep(tf.transpose(weight, [2, 3, 1, 0])) };
    }
    const windows = tf.reshape(weight, [weight.shape[0], channels, side, side]);
    const matrix = tf.reshape(tf.transpose(windows, [2, 3, 1, 0]), [-1, weight.shape[0]]);
    const filter = tf.reshape(matrix, [side, side, channels, weight.shape[0]]);
    [channels, side] = [weight.shape[0], 1];
    return { ...layer, bias, matrix: tf.keep(matrix), filter: tf.keep(filter) };
  }));
  const convolve = (x, { filter, bias, pad = 'valid' }, relu) =>
    tf.fused.conv2d({ x, filter, bias, strides: 1, pad, activation: relu ? 'relu' : 'linear' });
  // Over patches a dense layer is a matrix product, over a picture a convolution.
  const through = (x, whole) => layers.reduce((x, layer) => {
    if (layer.kind === 'pool') return tf.maxPool(x, 2, 2, 'valid');
    if (layer.kind === 'conv') return convolve(x, layer, true);
    if (whole) return convolve(x, layer, layer.relu);
    const a = x.rank > 2 ? tf.reshape(x, [x.shape[0], -1]) : x;
    return tf.fused.matMul({ a, b: layer.matrix, bias: layer.bias, activation: layer.relu ? 'relu' : 'linear' });
  }, x);
  const ask = async (values, shape, whole) => {
    const logits = tf.tidy(() => through(tf.tensor4d(values, shape), whole));
    const data = await logits.data();
    logits.dispose();
    return data;
  };
  return {
    logits: (values) => ask(values, [values.length / 2500, 50, 50, 1], false),
    dense: (values, width, height) => ask(values, [1, height, width, 1], true),
  };
}
