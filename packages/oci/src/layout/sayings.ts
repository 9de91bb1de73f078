/** What the untagged entries of a layout say about its images, and which of it goes with them. */
import type { Digest } from '@stillframe/core';
import type { ContentOptions, ManifestReader } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { parseManifestOrIndex } from '../manifest.ts';
import { tagOf } from './index-file.ts';
import { reachable } from './sweep.ts';

/** What is said about images, by digest of the one that says it: all images that hold its subject. */
export type Sayings = Map<Digest, { readonly entry: Descriptor; readonly about: ReadonlySet<Digest> }>;

/** Untagged entries whose subject nothing holds any more once `going` are gone, and what is said about those in turn. */
export async function saidOnlyAbout(
  layout: ManifestReader,
  entries: readonly Descriptor[],
  going: readonly Descriptor[],
  options: ContentOptions,
): Promise<Sayings> {
  const subjects = await subjectsOf(layout, entries, options);
  const holders = new Map<Digest, Set<Digest>>();
  const hold = async (entry: Descriptor, roots: Iterable<Digest>) => {
    const { digests } = await reachable(layout, [entry], options);
    for (const digest of digests) {
      const known = holders.get(digest) ?? new Set();
      for (const root of roots) known.add(root);
      holders.set(digest, known);
    }
  };
  for (const entry of going) await hold(entry, [entry.digest]);
  const said: Sayings = new Map();
  for (;;) {
    const left = entries.filter((entry) => !going.includes(entry) && !said.has(entry.digest));
    const { digests } = await reachable(layout, left, options);
    const more = left.filter((entry) => {
      const subject = subjects.get(entry);
      return subject !== undefined && holders.has(subject) && !digests.has(subject);
    });
    if (more.length === 0) return said;
    for (const entry of more) {
      const about = holders.get(subjects.get(entry) as Digest) ?? new Set();
      said.set(entry.digest, { entry, about });
      await hold(entry, about);
    }
  }
}

/** What untagged entries are about, of those that are about something. */
async function subjectsOf(
  layout: ManifestReader,
  entries: readonly Descriptor[],
  options: ContentOptions,
): Promise<ReadonlyMap<Descriptor, Digest>> {
  const subjects = new Map<Descriptor, Digest>();
  for (const entry of entries.filter((each) => tagOf(each) === undefined)) {
    const subject = await layout
      .manifest(entry, options)
      .then((bytes) => parseManifestOrIndex(bytes, entry.mediaType).subject?.digest)
      .catch(() => undefined);
    options.signal?.throwIfAborted();
    if (subject) subjects.set(entry, subject);
  }
  return subjects;
}
