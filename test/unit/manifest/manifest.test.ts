import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { commands } from '../../../src/commands';
import { settingDefaults } from '../../../src/editor/settings';
import { manifest, root, texts } from './manifest';

const { contributes } = manifest;
const contributed = contributes.commands.map((one) => one.command);
const textOf = (value: string): string => texts[value.replaceAll('%', '')] ?? '';
/** Commands that only rows, links and remedies call. */
const hidden = [
  'slipway.installPython',
  'slipway.loadMore',
  'slipway.openReason',
  'slipway.applyFix',
  'slipway.openFrame',
  'slipway.copyDigest',
  'slipway.copyPullReference',
  'slipway.deleteTag',
  'slipway.openImageProject',
  'slipway.openRelease',
  'slipway.findRow',
  'slipway.viewObject',
  'slipway.describeObject',
  'slipway.openShell',
  'slipway.followPodLogs',
  'slipway.forwardPort',
  'slipway.stopForward',
  'slipway.openForward',
  'slipway.copyObjectName',
  'slipway.copyKubectlCommand',
  'slipway.deleteObject',
  'slipway.pinToWorkspace',
  'slipway.unpin',
  'slipway.cordonNode',
  'slipway.uncordonNode',
  'slipway.drainNode',
];
/** Commands that change nothing and run nothing of the workspace. */
const harmless = [
  'slipway.refresh',
  'slipway.showLog',
  'slipway.openEndpoint',
  'slipway.followLogs',
  'slipway.createSample',
];

describe('manifest', () => {
  it('contributes exactly the commands that there are, each in a file of its name', () => {
    assert.deepEqual([...contributed].sort(), Object.keys(commands).sort());
    for (const id of contributed)
      assert.ok(existsSync(path.join(root, 'src/commands', `${id.replace('slipway.', '')}.ts`)), `${id} has no file`);
  });

  it('gives every command the category Slipway and a title in title case without it', () => {
    for (const { command, title, category } of contributes.commands) {
      assert.equal(category, 'Slipway', command);
      const words = textOf(title).replace('…', '').split(' ');
      const small = /^(a|as|of|or|the|with|and|on|in|to|kubectl)$/;
      for (const [index, word] of words.entries())
        assert.match(word, index > 0 && small.test(word) ? /^[a-z]/ : /^[A-Z]/, `${command}: ${textOf(title)}`);
      assert.ok(!words.includes('Slipway'), command);
    }
  });

  it('offers in the palette what makes sense there, and nothing that executes code without trust', () => {
    const palette = new Map((contributes.menus['commandPalette'] ?? []).map((item) => [item.command, item.when]));
    for (const id of hidden) assert.equal(palette.get(id), 'false', id);
    for (const id of contributed.filter((one) => !hidden.includes(one) && !harmless.includes(one))) {
      assert.match(
        palette.get(id) ?? '',
        /isWorkspaceTrusted|slipway\.followingLogs|resourceScheme == slipway-test/,
        `${id} is in the palette without a condition`,
      );
    }
  });

  it('puts only commands into menus that there are, each under a condition', () => {
    for (const [menu, items] of Object.entries(contributes.menus)) {
      for (const { command, when } of items) {
        assert.ok(contributed.includes(command), `${menu}: ${command}`);
        assert.ok(when !== undefined && when !== '', `${menu}: ${command} has no condition`);
      }
    }
  });

  it('shows at most three inline actions on a row, and one icon on an editor', () => {
    const inline = (contributes.menus['view/item/context'] ?? []).filter((item) => item.group?.startsWith('inline'));
    for (const viewItem of [
      'model endpoint scale autoscale manifests rollback restart stop',
      'model rollback start',
      'endpoint',
      'release rollback',
      'reason',
      'replicas',
    ]) {
      const shown = inline.filter((item) => matches(item.when ?? '', viewItem));
      assert.ok(shown.length <= 3, `${viewItem}: ${shown.map((item) => item.command).join(', ')}`);
    }
    assert.equal((contributes.menus['editor/title'] ?? []).filter((item) => item.when?.includes('.ipynb')).length, 1);
  });

  it('offers on a model what can be done with it, and Remove apart from the rest', () => {
    const items = contributes.menus['view/item/context'] ?? [];
    const offered = (viewItem: string): readonly string[] =>
      items
        .filter((item) => !item.group?.startsWith('inline') && matches(item.when ?? '', viewItem))
        .map((item) => item.command.replace('slipway.', ''));
    assert.deepEqual(offered('model endpoint key scale autoscale manifests rollback restart stop'), [
      'testPrediction',
      'openEndpoint',
      'copyEndpointKey',
      'followLogs',
      'scale',
      'autoscale',
      'rollBack',
      'trainAgain',
      'restart',
      'stop',
      'showExecutedNotebook',
      'exportManifests',
      'remove',
    ]);
    assert.deepEqual(offered('model start'), ['followLogs', 'trainAgain', 'start', 'showExecutedNotebook', 'remove']);
    assert.ok(!offered('release').includes('rollBack'));
    assert.deepEqual(offered('release rollback elsewhere compare'), [
      'rollBack',
      'deployReleaseTo',
      'compareReleases',
      'showExecutedNotebook',
    ]);
    assert.deepEqual(offered('worker'), []);
  });

  it('offers on a tag to copy, to open its release, its project where one is known, and to delete it apart from the rest', () => {
    const items = contributes.menus['view/item/context'] ?? [];
    const offered = (viewItem: string): readonly string[] =>
      items
        .filter((item) => !item.group?.startsWith('inline') && matches(item.when ?? '', viewItem, 'slipway.registries'))
        .map((item) => item.command.replace('slipway.', ''));
    assert.deepEqual(offered('imageTag project'), [
      'copyDigest',
      'copyPullReference',
      'openRelease',
      'openImageProject',
      'deleteTag',
    ]);
    assert.deepEqual(offered('imageTag'), ['copyDigest', 'copyPullReference', 'openRelease', 'deleteTag']);
    assert.deepEqual(offered('repository project'), ['copyPullReference', 'openImageProject']);
    assert.deepEqual(offered('layer'), ['copyDigest']);
    assert.deepEqual(offered('registry'), ['logInToRegistry']);
    assert.deepEqual([...offered('note'), ...offered('next')], []);
  });

  it('has a text for every key, and a use for every text', () => {
    const used = new Set([...JSON.stringify(manifest).matchAll(/%([\w.]+)%/g)].map(([, key]) => key ?? ''));
    assert.deepEqual([...used].sort(), Object.keys(texts).sort());
    for (const [key, text] of Object.entries(texts)) {
      assert.notEqual(text.trim(), '', key);
      assert.doesNotMatch(text, /[!\p{Extended_Pictographic}]/u, key);
    }
  });

  it('links in welcome texts and steps only to commands that there are', () => {
    const links = Object.values(texts).flatMap((text) =>
      [...text.matchAll(/\(command:(slipway\.\w+)/g)].map(([, id]) => id ?? ''),
    );
    assert.ok(links.length > 5);
    for (const id of links) assert.ok(contributed.includes(id), id);
  });

  it('has the settings of the code, with their defaults, scopes and descriptions', () => {
    const { properties } = contributes.configuration;
    assert.deepEqual(
      Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, value.default])),
      settingDefaults,
    );
    const scopes = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, value.scope]));
    assert.deepEqual(scopes, {
      'slipway.home': 'machine-overridable',
      'slipway.kubeconfig': 'machine-overridable',
      'slipway.logs.maxLines': 'window',
      'slipway.namespaces': 'window',
      'slipway.context': 'window',
      'slipway.namespace': 'window',
      'slipway.protectedContexts': 'machine-overridable',
      'slipway.nodeOperations': 'machine-overridable',
      'slipway.deploy.readyTimeoutSeconds': 'resource',
      'slipway.registry': 'resource',
      'slipway.insecureRegistries': 'machine-overridable',
      'slipway.baseImage': 'resource',
      'slipway.platform': 'resource',
    });
    for (const { markdownDescription } of Object.values(properties)) assert.ok(textOf(markdownDescription).length > 30);
  });

  it('has every icon and picture that it names, in the colours of the theme', () => {
    const icons = [...contributes.viewsContainers.activitybar, ...Object.values(contributes.views).flat()].map(
      (one) => one.icon,
    );
    const pictures = contributes.walkthroughs.flatMap((one) => one.steps.map((step) => step.media.svg));
    for (const file of [...icons, ...pictures]) {
      const svg = readFileSync(path.join(root, file), 'utf8');
      const colours = [...svg.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour ?? '');
      assert.ok(
        colours.every((colour) => /^(none|currentColor|var\(--vscode-)/.test(colour)),
        `${file}: ${colours.join(' ')}`,
      );
    }
  });

  it('runs nothing without trust and starts only when it is used', () => {
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.equal(manifest.capabilities.virtualWorkspaces.supported, 'limited');
    // Everything that decides what is executed, what is trusted and where code goes.
    for (const setting of ['home', 'registry', 'insecureRegistries', 'baseImage', 'platform'])
      assert.ok(
        manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(`slipway.${setting}`),
        setting,
      );
    for (const event of manifest.activationEvents) assert.match(event, /^onFileSystem:slipway-test$/);
  });

  it('describes every view for screen readers and has a welcome text for every way to be empty', () => {
    for (const view of Object.values(contributes.views).flat())
      assert.ok(textOf(view.accessibilityHelpContent).length > 40, view.id);
    const conditions = contributes.viewsWelcome
      .filter((one) => one.view === 'slipway.models')
      .map((one) => one.when ?? '');
    for (const part of [
      'workbenchState == empty',
      '!isWorkspaceTrusted',
      'virtualWorkspace',
      '!slipway.project',
      'slipway.project == none',
      'slipway.project == some',
    ]) {
      assert.ok(
        conditions.some((when) => when.includes(part)),
        part,
      );
    }
  });

  it('ends each step of the walkthrough by something that the user does', () => {
    for (const { id, completionEvents, media } of contributes.walkthroughs.flatMap((one) => one.steps)) {
      assert.ok(completionEvents.length > 0, id);
      assert.ok(textOf(media.altText).length > 20, id);
    }
  });
});

/** Whether a condition on `viewItem` in a view holds for a row, with the workspace trusted. */
function matches(when: string, viewItem: string, view = 'slipway.models'): boolean {
  if (!when.includes(`view == ${view}`)) return false;
  const pattern = /viewItem =~ \/(.*)\/(?: |$)/.exec(when)?.[1];
  return pattern !== undefined && new RegExp(pattern).test(viewItem);
}
