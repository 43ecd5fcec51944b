import type { ClusterRow } from '../core/cluster';
import type { Location } from '../core/errors';

/** One row of a tree as data. Ids are unique within a tree and stay the same for the same thing. */
export interface TreeNode {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  /** Markdown. */
  readonly tooltip?: string;
  /** A product icon, with a theme colour where the state is meant. */
  readonly icon?: { readonly id: string; readonly color?: string };
  /** What menus match on: the kind, then words for what can be done, as `model scale rollback`. */
  readonly context: string;
  /** What a screen reader says; needed where the icon tells something that the texts do not. */
  readonly accessibleLabel: string;
  readonly state: 'leaf' | 'collapsed' | 'expanded';
  readonly children: readonly TreeNode[];
  /** Rows behind the children that are not drawn before somebody asks for more. */
  readonly more?: number;
  /** The model that commands on this row are about. */
  readonly model?: { readonly targetId: string; readonly name: string };
  readonly version?: number;
  /** The image, or the part of one, that commands on this row are about. */
  readonly image?: ImageSubject;
  /** The cluster, or the row of one, that commands on this row are about. */
  readonly cluster?: { readonly clusterId: string; readonly row?: ClusterRow; readonly container?: string };
  /** Where a click leads. */
  readonly opens?: Location;
}

/** What a row of the Registries view stands for: the more is given, the smaller the thing. */
export interface ImageSubject {
  readonly registry?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
  /** Digest of the bundle that an image holds. */
  readonly bundle?: string;
  /** Folder of the project that it came from. */
  readonly project?: string;
}

/** Texts that the trees show, translated by the editor; `{0}` stands for the first argument. */
export type Translate = (message: string, ...args: readonly (string | number)[]) => string;

export const untranslated: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (_match, index: string) => String(args[Number(index)]));

/** A leaf without anything special. */
export function leaf(id: string, context: string, label: string, rest: Partial<TreeNode> = {}): TreeNode {
  const spoken = rest.description === undefined ? label : `${label}, ${rest.description}`;
  return { id, context, label, accessibleLabel: spoken, state: 'leaf', children: [], ...rest };
}
