import { defineEntrypoint } from "pgqueuer"
import { z } from "zod"

/** Shared by those who enqueue and those who send: the types of both come from here. */
export const email = defineEntrypoint("email", {
  input: z.object({
    to: z.email(),
    subject: z.string().max(200),
    birthday: z.coerce.date<Date | string>().optional(),
    copies: z.number().int().positive().default(1),
  }),
  output: z.object({ messageId: z.string(), sentAt: z.iso.datetime().transform((text) => new Date(text)) }),
  retry: { maxAttempts: 5 },
  timeout: "30s",
})
