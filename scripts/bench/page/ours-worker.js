// One instance of our engine; the page holds several.
import { makeOurs } from './ours.js';

let engine;
addEventListener('message', async ({ data: { options, values } }) => {
  try {
    if (options) engine = await makeOurs(options);
    postMessage({ logits: values && (await engine.logits(values)) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
