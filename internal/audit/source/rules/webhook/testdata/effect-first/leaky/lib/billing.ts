import { db } from './db'

export async function applyTopUp(event: { id: string; account: string; credits: number }) {
  const seen = await db.query('SELECT 1 FROM webhook_events WHERE event_id = $1', [event.id])
  if (seen.rows.length > 0) return
  await db.query('UPDATE accounts SET credits = credits + $1 WHERE id = $2', [event.credits, event.account])
  await db.query('INSERT INTO webhook_events (event_id) VALUES ($1)', [event.id])
}
