/** Functions and classes of `scope` by name, gone for good: from the object, from what it inherits, and never to be put back. */
export function takeAway(scope: object, names: readonly string[]): void {
  for (const name of names) {
    for (let holder: object | null = scope; holder; holder = Object.getPrototypeOf(holder) as object | null) {
      if (Object.hasOwn(holder, name)) Reflect.deleteProperty(holder, name);
    }
    // Nothing can be put back, and whoever asks finds that there is none.
    Object.defineProperty(scope, name, { value: undefined, configurable: false, writable: false, enumerable: false });
  }
}
