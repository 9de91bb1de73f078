/**
 * The moments at which a killed node leaves something half done. Each is told to the node's `onStep` as it is reached, so
 * that a test can end the process there; nothing else depends on them.
 */

/** THE table: the steps of each operation, in their order. A test kills a node at every one of them. */
export const STEPS = {
  /** RunPodSandbox. */
  sandbox: ['sandbox-namespaces', 'sandbox-network', 'sandbox-files', 'sandbox-recorded'],
  /** CreateContainer from an image. */
  create: ['create-rootfs', 'create-bundle', 'create-begun', 'create-process', 'create-recorded'],
  /** StartContainer of a created container. */
  start: ['start-noted', 'start-process', 'start-recorded'],
  /** CheckpointContainer and CheckpointPod; each step is reached first by the first container. */
  checkpoint: [
    'checkpoint-journalled',
    'checkpoint-frozen',
    'checkpoint-dump-begun',
    'checkpoint-dumped',
    'checkpoint-files-taken',
    'checkpoint-thawed',
    'checkpoint-packed',
    'checkpoint-finished',
    'checkpoint-committed',
    'checkpoint-named',
    'checkpoint-published',
    'checkpoint-recorded',
    'checkpoint-cleared',
  ],
  /** CreateContainer from a checkpoint. */
  restoreCreate: ['restore-rootfs', 'restore-images', 'restore-bundle', 'restore-created'],
  /** StartContainer of a container that was created from a checkpoint. */
  restoreStart: ['restore-noted', 'restore-begun', 'restore-process', 'restore-recorded', 'restore-images-removed'],
  /** RestorePod, besides what it does of the above. */
  restorePod: ['restore-pod-sandbox', 'restore-pod-container', 'restore-pod-done'],
} as const satisfies Record<string, readonly string[]>;

export type Operation = keyof typeof STEPS;
export type Step = (typeof STEPS)[Operation][number];

/** Told of each step once it is reached, before the next begins. */
export type StepObserver = (step: Step) => void;
