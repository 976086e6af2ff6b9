import type { JobPlan } from "./job-plan.ts"
import type { WorkerGoal } from "./systems/system.ts"

/** What a participant can be told to do: the argument and the answer of each order. */
export interface Orders {
  install: { argument: undefined; answer: undefined }
  /** Answers with the milliseconds it took. */
  enqueueBatches: { argument: { plan: JobPlan; perCall: number; connections: number }; answer: number }
  enqueueSingles: { argument: { plan: JobPlan; inFlight: number }; answer: number }
  enqueuePaced: { argument: { plan: JobPlan; everyMs: number }; answer: undefined }
  startWorker: { argument: { entrypoints: readonly string[]; goal: WorkerGoal }; answer: undefined }
  stopWorker: { argument: undefined; answer: undefined }
  /** Milliseconds from the call to the handler's first line, of each job handled since the last time. */
  takeLatencies: { argument: undefined; answer: readonly number[] }
  usage: { argument: undefined; answer: Usage }
  leave: { argument: undefined; answer: undefined }
}

export interface Usage {
  readonly processorMs: number
  readonly residentMb: number
}

export type OrderName = keyof Orders

export interface OrderMessage {
  readonly id: number
  readonly order: OrderName
  readonly argument: unknown
}

export type ParticipantMessage =
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: string }
  /** So many handler calls have ended since the process began. */
  | { readonly kind: "handled"; readonly count: number }
