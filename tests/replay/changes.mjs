// Ways to change what an execution of flows/everything.js was given. Each is found when the journal is replayed, and what
// is said names what it did.
import { Field, clockOf, fieldOf, framesWith, toCell, withField } from "./journal.mjs";

function changeFrame(record, number, inner, change) {
  record.payload = withField(record.payload, number, (message) => withField(message, inner, change));
}

// The first call that it makes is the second that its cell numbers: a timer is the first.
const firstCall = 2n;
const answersToFirst = (all, number) =>
  framesWith(all, number).filter((at) => fieldOf(fieldOf(all[at].payload, number), Field.call) === firstCall);

export const changes = {
  seed: {
    change(all) {
      changeFrame(all[framesWith(all, Field.start)[0]], Field.start, Field.seed, (seed) => {
        const other = Buffer.from(seed);
        other[7] ^= 1;
        return other;
      });
    },
    says: /diverged: the 1st line of the log is not as it was recorded[^]*- INFO "random", [^]*\+ INFO "random", /,
  },
  clock: {
    // From a timer on it is a second later.
    change(all) {
      const timer = framesWith(all, Field.timer)[0];
      for (const record of all.slice(timer)) {
        if (record.kind === toCell) record.payload = withField(record.payload, Field.clock, (clock) => clock + 1_000_000n);
      }
    },
    says: /diverged: the 2nd line of the log is not as it was recorded[^]*- INFO "waited"[^]*\+ INFO "waited"/,
  },
  status: {
    change(all) {
      changeFrame(all[answersToFirst(all, Field.head)[0]], Field.head, Field.status, () => 203n);
    },
    says: /diverged: the 4th call was POST \S+\?after=203-[^]*recorded was POST \S+\?after=200-/,
  },
  reply: {
    change(all) {
      changeFrame(all[answersToFirst(all, Field.body)[0]], Field.body, Field.data, (data) => {
        const other = Buffer.from(data);
        other[0] ^= 1;
        return other;
      });
    },
    says: /diverged: the 4th call was POST \S+\?after=200-[^]*recorded was POST \S+\?after=200-/,
  },
  order: {
    // The call that was answered first is answered when the second one was, and the other way round.
    change(all) {
      const calls = framesWith(all, Field.head).map((at) => fieldOf(fieldOf(all[at].payload, Field.head), Field.call));
      const other = new Map([[calls[0], calls[1]], [calls[1], calls[0]]]);
      for (const number of [Field.head, Field.body]) {
        for (const at of framesWith(all, number)) changeFrame(all[at], number, Field.call, (call) => other.get(call) ?? call);
      }
    },
    says: /diverged: (the 3rd line of the log is not as it was recorded[^]*"order"|the 4th call was POST|the execution now reads on in the response of call \d)/,
  },
  "two heads exchanged": {
    change(all) {
      const [first, second] = framesWith(all, Field.head);
      const clocks = [clockOf(all[first]), clockOf(all[second])];
      [all[first].payload, all[second].payload] = [all[second].payload, all[first].payload];
      all[first].payload = withField(all[first].payload, Field.clock, () => clocks[0]);
      all[second].payload = withField(all[second].payload, Field.clock, () => clocks[1]);
    },
    says: /record \d+ is a reply to call \d+, which has not been answered|diverged: the 3rd line of the log is not as it was recorded[^]*"order"/,
  },
  "a missing answer": {
    change(all) {
      all.splice(framesWith(all, Field.head)[2], 1);
    },
    says: /record \d+ is a reply to call \d+, which has not been answered/,
  },
  "a call more": {
    // One that the recorded execution made, and this one does not make.
    change(all) {
      const isCall = ({ kind, payload }) => kind === "<".charCodeAt(0) && payload[0] >> 3 === 2;
      const calls = all.flatMap((record, index) => (isCall(record) ? [index] : []));
      all.splice(calls[0], 0, { kind: all[calls[0]].kind, payload: Buffer.from(all[calls[0]].payload) });
    },
    says: /diverged: the 2nd call was GET \S+\/b\?\S+, recorded was GET \S+\/a\?/,
  },
};
