// What the page is made of, as CycloneDX 1.5: the crates that are linked into its modules, with the hashes that
// Cargo.lock holds them to, and the weights. cargo-cyclonedx lists 505 crates for the same features, for it counts
// optional dependencies that nothing asks for; these are the ones that `cargo tree` says are built.
//   node scripts/release/sbom.mjs DIST OUT
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { shippedCrates } from './licences.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const [dist, out] = process.argv.slice(2);
if (!dist || !out) throw new Error('node scripts/release/sbom.mjs DIST OUT');

/** SHA-256 of each crate as crates.io gives it out, by "name version". */
const sums = new Map([...readFileSync(path.join(root, 'Cargo.lock'), 'utf8')
  .matchAll(/name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"/g)].map(([, name, version, sum]) => [`${name} ${version}`, sum]));

const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const hashes = (sum) => [{ alg: 'SHA-256', content: sum }];

const crates = shippedCrates().map((crate) => {
  const purl = `pkg:cargo/${crate.name}@${crate.version}`;
  return {
    type: 'library', 'bom-ref': purl, name: crate.name, version: crate.version,
    hashes: hashes(sums.get(`${crate.name} ${crate.version}`)), licenses: [{ expression: crate.license.replaceAll(/\s*\/\s*/g, ' OR ') }], purl,
    ...(crate.repository ? { externalReferences: [{ type: 'vcs', url: crate.repository }] } : {}),
  };
});
const weights = readdirSync(path.join(dist, 'models')).filter((name) => name.endsWith('.nodulens')).sort().map((name) => ({
  type: 'machine-learning-model', 'bom-ref': `models/${name}`, name,
  hashes: hashes(createHash('sha256').update(readFileSync(path.join(dist, 'models', name))).digest('hex')),
}));

writeFileSync(out, `${JSON.stringify({
  bomFormat: 'CycloneDX', specVersion: '1.5', version: 1,
  metadata: { component: { type: 'application', 'bom-ref': 'nodulens', name: 'nodulens', version, licenses: [{ expression: 'MIT OR Apache-2.0' }] } },
  components: [...crates, ...weights],
}, null, 2)}\n`);
console.log(`${out}: ${crates.length} crates, ${weights.length} weights files`);
