import { db } from './db'

export async function applyTopUp(event: { id: string; account: string; credits: number }) {
  const client = await db.connect()
  try {
    await client.query('BEGIN')
    const first = await client.query('INSERT INTO webhook_events (event_id) VALUES ($1) ON CONFLICT DO NOTHING', [event.id])
    if (first.rowCount === 1) {
      await client.query('UPDATE accounts SET credits = credits + $1 WHERE id = $2', [event.credits, event.account])
    }
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}
