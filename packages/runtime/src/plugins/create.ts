/** Asking plugins about a container that comes into being. */
import { type Adjusted, type ContainerAdjustment, nriError, removedKey } from '@stillframe/nri';
import type { OciSpec } from '../container/spec.ts';
import { fitResources, mergeResources, resourceHost, specResources } from '../container/spec-resources.ts';
import type { NodeContext } from '../context.ts';
import { isForensic } from '../sandbox/isolation.ts';
import type { ContainerRecord, Resources, SandboxRecord } from '../store/records.ts';
import { adjustAnnotations, adjustSpec, shapeOf } from './adjust-spec.ts';
import { limitsFrom, withFurther } from './limits.ts';
import type { PluginSpec } from './spec-view.ts';
import { demandUpdates } from './updates.ts';
import { containerInit, podView } from './views.ts';

export interface AdjustedSpec {
  spec: OciSpec;
  resources: Resources;
  /** Bind mounts that were added. */
  mounts: NonNullable<ContainerRecord['pluginMounts']>;
  /** What was not done as the plugins want it, in words. */
  notes: string[];
}

/**
 * The specification as the plugins want it. In a forensic sandbox, and where processes come from a checkpoint, only limits
 * and annotations are theirs to set; what else they want is left out and noted. Updates of other containers are done.
 * Throws ERR_NRI_REFUSED, ERR_NRI_CONFLICT, ERR_NRI_ADJUSTMENT.
 */
export async function adjustByPlugins(
  context: NodeContext,
  sandbox: SandboxRecord,
  record: ContainerRecord,
  built: OciSpec,
): Promise<AdjustedSpec> {
  if (context.plugins.names.length === 0) return { spec: built, resources: record.resources, mounts: [], notes: [] };
  // buildSpec has made it, and of nothing but plain data.
  const spec = structuredClone(built) as PluginSpec;
  const adjusted = await context.plugins.createContainer(podView(sandbox), containerInit(record, spec));
  return applied(context, record, spec, adjusted, fixedBy(sandbox, record));
}

/** Why the container's shape is not the plugins' to change. */
function fixedBy(sandbox: SandboxRecord, record: ContainerRecord): string | undefined {
  if (isForensic(sandbox)) return 'a forensic sandbox takes nothing from plugins';
  return record.restore ? 'the processes come from a checkpoint' : undefined;
}

async function applied(
  context: NodeContext,
  record: ContainerRecord,
  spec: PluginSpec,
  { adjust, updates }: Adjusted,
  fixed: string | undefined,
): Promise<AdjustedSpec> {
  const shape = fixed === undefined ? [] : shapeOf(adjust);
  const shaped =
    fixed === undefined
      ? adjustSpec(spec, adjust)
      : { ...spec, annotations: adjustAnnotations(spec.annotations, adjust.annotations) };
  const { wanted, further } = wantedLimits(adjust);
  const { resources: fitting, clamped } = fitResources(wanted, await resourceHost(context.capabilities));
  const resources = mergeResources(record.resources, fitting);
  const limited = {
    ...shaped,
    process: {
      ...shaped.process,
      ...(resources.oomScoreAdj === undefined ? {} : { oomScoreAdj: resources.oomScoreAdj }),
    },
    linux: { ...shaped.linux, resources: withFurther(shaped.linux.resources, specResources(resources), further) },
  };
  await demandUpdates(context, updates);
  const notes = shape.map((what) => `NRI: ${what} of plugins left out: ${fixed}`);
  const mounts = fixed === undefined ? bindMountsOf(adjust) : [];
  return { spec: limited, resources, mounts, notes: [...clamped, ...notes] };
}

function bindMountsOf({ mounts }: ContainerAdjustment): AdjustedSpec['mounts'] {
  return mounts.flatMap(({ destination, source, type, options }) => {
    const isBind = type === 'bind' || options.includes('bind') || options.includes('rbind');
    return isBind && removedKey(destination) === undefined ? [{ hostPath: source, containerPath: destination }] : [];
  });
}

function wantedLimits({ linux }: ContainerAdjustment) {
  const { resources, further } = linux?.resources ? limitsFrom(linux.resources) : { resources: {}, further: {} };
  const score = linux?.oomScoreAdj?.value;
  if (score !== undefined && (score < -1000n || score > 1000n)) {
    throw nriError('ERR_NRI_ADJUSTMENT', `NRI: a plugin wants an OOM score of ${score}; -1000 to 1000 are possible`);
  }
  const wanted: Resources = { ...resources, ...(score === undefined ? {} : { oomScoreAdj: Number(score) }) };
  return { wanted, further };
}
