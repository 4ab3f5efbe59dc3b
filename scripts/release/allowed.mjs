// Which licences may ship. SPDX expressions: https://spdx.github.io/spdx-spec/v3.0.1/annexes/spdx-license-expressions/

/** In the order in which one is chosen where a crate leaves the choice. deny.toml has the same list. */
export const ALLOWED = [
  'MIT', 'Zlib', 'BSD-3-Clause', 'BSD-2-Clause', 'ISC', '0BSD', 'BSL-1.0', 'Unicode-3.0', 'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  // By the file, and nothing of it is changed; third-party.txt says where the sources are.
  'MPL-2.0',
];

/** An expression as alternatives, each a list of licences that hold together. */
function alternatives(expression) {
  const tokens = expression.replaceAll('/', ' OR ').match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const either = () => {
    let all = both();
    while (tokens[at] === 'OR') {
      at += 1;
      all = [...all, ...both()];
    }
    return all;
  };
  const both = () => {
    let all = one();
    while (tokens[at] === 'AND') {
      at += 1;
      const more = one();
      all = all.flatMap((left) => more.map((right) => [...left, ...right]));
    }
    return all;
  };
  const one = () => {
    if (tokens[at] === '(') {
      at += 1;
      const inner = either();
      at += 1;
      return inner;
    }
    let name = tokens[at++];
    if (tokens[at] === 'WITH') {
      name += ` WITH ${tokens[at + 1]}`;
      at += 2;
    }
    return [[name]];
  };
  return either();
}

const rank = (licences) => Math.max(...licences.map((licence) => ALLOWED.indexOf(licence)));
const fits = (licences) => licences.every((licence) => ALLOWED.includes(licence));

/** Whether an expression leaves a choice that is allowed. */
export const allowed = (expression) => Boolean(expression) && alternatives(expression).some(fits);

/** The licences under which a work is taken. */
export const chosen = (expression) => alternatives(expression).filter(fits).sort((a, b) => rank(a) - rank(b))[0] ?? [];
