import { pgTable, text, uuid, boolean } from 'drizzle-orm/pg-core'

export const memberships = pgTable('memberships', {
  id: uuid('id').primaryKey(),
  holderId: text('holder_id').notNull(),
  ends: boolean('ends'),
})
