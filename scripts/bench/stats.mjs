// Medians and spreads of samples, and ratios taken round by round.

/** Median, quartiles and range. */
export function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share) => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return digits(low + (high - low) * (place - Math.floor(place)));
  };
  return { median: at(0.5), q1: at(0.25), q3: at(0.75), min: at(0), max: at(1), n: sorted.length };
}

/** How many times as fast as a peer in the same round: rates divided, or times the other way round. */
export function ratios(ours, theirs) {
  return summary(ours.map((value, round) => value / theirs[round]));
}

/** Five digits are more than any of these figures has. */
export const digits = (number) => Number(number.toPrecision(5));

/** Largest difference between two lists of logits; lists of unlike length or with NaN differ without bound. */
export function difference(one, other) {
  if (one.length !== other.length || one.length === 0) return Infinity;
  let most = 0;
  for (let i = 0; i < one.length; i += 1) {
    const apart = Math.abs(one[i] - other[i]);
    if (!(apart <= most)) most = Number.isNaN(apart) ? Infinity : apart;
  }
  return most;
}
