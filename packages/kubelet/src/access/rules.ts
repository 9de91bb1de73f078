/** The rules of one node: a file that says who may do what, for where no cluster is asked. */
import type { Logger } from '@stillframe/core';
import { ConfigFault, groupWith, list, oneOf, type Reader, text } from '@stillframe/core/schema';
import { parse } from 'yaml';
import type { User } from '../auth/user.ts';
import { WatchedFile } from '../auth/watched-file.ts';
import { NODE_SUBRESOURCES } from './attributes.ts';

/** Who may do what to which resources. `*` stands for all; of users or groups one must fit. */
export interface Rule {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly string[];
  /** Namespaces of pods; undefined for all, and for what is about no pod. */
  readonly namespaces: readonly string[] | undefined;
}

/** What is asked of the rules. */
export interface Asked {
  readonly user: User;
  readonly verb: string;
  /** `nodes/checkpoint`, `pods/log`… */
  readonly resource: string;
  /** Namespace of the pod that it is about. */
  readonly kubeNamespace: string | undefined;
}

/** Rights on the streams and logs of pods, as Kubernetes names them; a kubelet knows `nodes/proxy` alone. */
const POD_SUBRESOURCES = ['log', 'exec', 'attach', 'portforward'] as const;
export type PodSubresource = (typeof POD_SUBRESOURCES)[number];

const RESOURCES = [
  '*',
  'nodes/*',
  'pods/*',
  ...NODE_SUBRESOURCES.map((name) => `nodes/${name}`),
  ...POD_SUBRESOURCES.map((name) => `pods/${name}`),
] as const;

const some =
  <T>(item: Reader<T>): Reader<T[]> =>
  (value, where) => {
    const found = list(item)(value, where);
    if (found.length === 0) throw new ConfigFault(`${where} is empty`);
    return found;
  };

const readDocument = groupWith(
  {
    apiVersion: oneOf('stillframe.io/v1'),
    kind: oneOf('AccessRules'),
    rules: list(
      groupWith(
        {
          users: list(text),
          groups: list(text),
          verbs: some(oneOf('*', 'create', 'get', 'update', 'patch', 'delete')),
          resources: some(oneOf(...RESOURCES)),
          namespaces: some(text),
        },
        'verbs',
        'resources',
      ),
    ),
  },
  'apiVersion',
  'kind',
  'rules',
);

/** Reads rules, YAML or JSON. Throws ConfigFault that names the place, or what the YAML parser throws. */
export function parseRules(source: string): Rule[] {
  const { rules } = readDocument(parse(source, { strict: true, uniqueKeys: true, maxAliasCount: 0 }), '');
  return rules.map(({ users = [], groups = [], verbs, resources, namespaces }, index) => {
    if (users.length + groups.length === 0) throw new ConfigFault(`rules[${index}] names neither users nor groups`);
    return { users, groups, verbs, resources, namespaces };
  });
}

/** The first rule that gives what is asked, by its place in the file; undefined where none does. */
export function allowingRule(rules: readonly Rule[], asked: Asked): number | undefined {
  const index = rules.findIndex((rule) => allows(rule, asked));
  return index < 0 ? undefined : index;
}

function allows(rule: Rule, { user, verb, resource, kubeNamespace }: Asked): boolean {
  if (!has(rule.users, user.name) && !user.groups.some((name) => has(rule.groups, name))) return false;
  if (verb === '' || !has(rule.verbs, verb)) return false;
  const [kind = ''] = resource.split('/');
  if (!has(rule.resources, resource) && !rule.resources.includes(`${kind}/*`)) return false;
  if (rule.namespaces === undefined) return true;
  return kubeNamespace !== undefined && has(rule.namespaces, kubeNamespace);
}

function has(names: readonly string[], name: string): boolean {
  return names.includes(name) || names.includes('*');
}

/** A rules file that nobody else may write. Throws ERR_KUBELET_FILE_UNSOUND. */
export function openRulesFile(path: string, logger: Logger): Promise<WatchedFile<Rule[]>> {
  return WatchedFile.open({ path, forbidden: 0o022, parse: parseRules, logger });
}
