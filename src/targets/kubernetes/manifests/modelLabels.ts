import { labels, manager } from '../names';

/** What belongs to the model and not to one release of it. */
export function modelLabels(model: string): Readonly<Record<string, string>> {
  return { [labels.name]: model, [labels.managedBy]: manager, [labels.model]: model };
}
