// Stands for the Python extension, which comes from a marketplace: the part of its published interface that tells which
// Python is chosen for a file. A test chooses it.
// https://github.com/microsoft/vscode-python/wiki/Python-Environment-APIs
const vscode = require('vscode');

exports.activate = () => {
  const chosen = new Map();
  return {
    choose: (file, python) => chosen.set(file, python),
    environments: {
      getActiveEnvironmentPath: (resource) => ({ id: 'python', path: chosen.get(resource.fsPath) ?? 'python' }),
      resolveEnvironment: async ({ path }) =>
        path === 'python' ? undefined : { executable: { uri: vscode.Uri.file(path) } },
    },
  };
};
