import type { Reason } from '../../../core/deployment';

/** All annotations of an object together may have 256 KiB; a character may take four bytes, and six once it is escaped. */
const most = { message: 4000, traceback: 12_000, line: 500 };

/** What is kept of a reason with its release: the end of a long traceback, and the beginnings of long lines. */
export function boundedReason(reason: Reason): Reason {
  const { message, traceback, logTail } = reason;
  return {
    ...reason,
    message: message.slice(0, most.message),
    ...(traceback === undefined ? {} : { traceback: traceback.slice(-most.traceback) }),
    ...(logTail === undefined ? {} : { logTail: logTail.map((line) => line.slice(0, most.line)) }),
  };
}
