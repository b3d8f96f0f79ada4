import { Hono } from 'hono'
import { zValidator } from '@hono/zod-validator'
import { z } from 'zod'
import { db } from './db'
import { sessionMiddleware } from './session'

const app = new Hono()
app.use('/api/*', sessionMiddleware)

const Body = z.object({ title: z.string() })

app.post('/api/notes', zValidator('json', Body), async (c) => {
  const input = c.req.valid('json')
  await db.insertInto('notes').values({ workspace_id: c.get('workspaceId'), title: input.title }).execute()
  return c.json({ ok: true })
})

app.get('/api/notes', async (c) => {
  const rows = await db
    .selectFrom('notes')
    .innerJoin('members', 'members.workspace_id', 'notes.workspace_id')
    .selectAll('notes')
    .where('notes.workspace_id', '=', c.req.query('workspace')!)
    .where('members.user_id', '=', c.get('userId'))
    .execute()
  return c.json(rows)
})

export default app
