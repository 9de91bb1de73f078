/** Where the page lies, for the server that hands it out. */

/** Not by its plain name: the bundle of the command gives each source its own place, and names of packages have none. */
const resolve = (name: string) => import.meta['resolve'](name);

/** Addresses of the page's folder and of the modules behind the names that it imports. */
export const pagePlace = {
  folder: new URL('.', import.meta.url).href,
  libraries: {
    preact: resolve('preact'),
    // Its package names a module that it does not have.
    '@xterm/headless': resolve('@xterm/headless/lib-headless/xterm-headless.mjs'),
    'preact/hooks': resolve('preact/hooks'),
    '@stillframe/core/redact': resolve('@stillframe/core/redact'),
    '@stillframe/core/units': resolve('@stillframe/core/units'),
  },
};
