/** THE table of detectors. */
import { accountDetectors } from './accounts.ts';
import { cloudDetectors } from './cloud.ts';
import { clusterDetectors } from './cluster.ts';
import { codeHostingDetectors } from './code-hosting.ts';
import type { Detector } from './detector.ts';
import { keyDetectors } from './keys.ts';
import { serviceDetectors } from './services.ts';

/** Those that tell more exactly what it is stand first. */
export const detectors: readonly Detector[] = [
  ...cloudDetectors,
  ...clusterDetectors,
  ...codeHostingDetectors,
  ...serviceDetectors,
  ...keyDetectors,
  ...accountDetectors,
];
