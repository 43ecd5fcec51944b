export function extensionFigures(): Promise<string> { return Promise.resolve(''); }
