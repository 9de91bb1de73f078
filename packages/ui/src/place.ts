/** Where the page lies, for the server that hands it out. */

/** Addresses of the page's folder and of the modules behind the names that it imports. */
export const pagePlace = {
  folder: new URL('.', import.meta.url).href,
  libraries: {
    preact: import.meta.resolve('preact'),
    'preact/hooks': import.meta.resolve('preact/hooks'),
    '@stillframe/core/redact': import.meta.resolve('@stillframe/core/redact'),
    '@stillframe/core/units': import.meta.resolve('@stillframe/core/units'),
  },
};
