/* The first script of the page, for every browser there is: no syntax and no function that is younger than fifteen years. It looks for
   what the page cannot do without, and where something is missing it says so in words that stand in index.html (strings/browsers.ts).
   A younger script would not even be read there, and the page would stand still without a word. */
(function () {
  'use strict';

  function byId(id) {
    return document.getElementById(id);
  }

  function works(test) {
    try {
      return Boolean(test());
    } catch (error) {
      return false;
    }
  }

  function valid(bytes) {
    return WebAssembly.validate(new Uint8Array(bytes));
  }

  /* Each is named in index.html as "lacks-" and its name here. */
  var needed = {
    modules: function () {
      return 'noModule' in document.createElement('script');
    },
    language: function () {
      return typeof Object.hasOwn === 'function' && typeof [].at === 'function' && typeof ''.replaceAll === 'function';
    },
    /* A policy that the browser does not know lets it compile nothing: made, and not only asked for. */
    wasm: function () {
      return new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof WebAssembly.Module;
    },
    /* A function that adds four numbers at once. */
    simd: function () {
      return valid([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);
    },
    /* A function that is given a reference. */
    references: function () {
      return valid([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 111, 0]);
    },
    workers: function () {
      return typeof Worker === 'function' && typeof URL.createObjectURL === 'function' && typeof MessageChannel === 'function';
    },
    cancelling: function () {
      return 'reason' in AbortSignal.prototype;
    },
    drawing: function () {
      return typeof ResizeObserver === 'function' && typeof PerformanceObserver === 'function' && typeof Element.prototype.replaceChildren === 'function';
    }
  };

  var missing = 0;
  for (var name in needed) {
    if (Object.prototype.hasOwnProperty.call(needed, name) && !works(needed[name])) {
      byId('lacks-' + name).removeAttribute('hidden');
      missing += 1;
    }
  }
  if (missing > 0) byId('too-old').removeAttribute('hidden');
}());
