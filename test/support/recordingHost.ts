import type { ConsentQuestion, DeployEvent, DeployHost } from '../../src/core/deploy';

/** A host that agrees to everything and keeps what it was told and asked. */
export interface RecordingHost extends DeployHost {
  readonly events: DeployEvent[];
  readonly questions: ConsentQuestion[];
}

export interface HostOptions {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly onEvent?: (event: DeployEvent) => void;
}

export function recordingHost(options: HostOptions = {}): RecordingHost {
  const events: DeployEvent[] = [];
  const questions: ConsentQuestion[] = [];
  return {
    events,
    questions,
    report: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
    confirmExecution: (question) => {
      questions.push(question);
      return Promise.resolve(true);
    },
    secret: (name) => Promise.resolve(options.secrets?.[name]),
  };
}

/** The events of one kind, in order. */
export function eventsOf<Kind extends DeployEvent['event']>(
  host: RecordingHost,
  kind: Kind,
): readonly Extract<DeployEvent, { event: Kind }>[] {
  return host.events.filter((event): event is Extract<DeployEvent, { event: Kind }> => event.event === kind);
}
