import { pool } from './db'

export async function applyTopUp(event: { id: string; account: string; credits: number }) {
// if effect-before-inbox
  const seen = await pool.query('SELECT 1 FROM webhook_events WHERE event_id = $1', [event.id])
  if (seen.rows.length > 0) return
  await pool.query('UPDATE accounts SET credits = credits + $1 WHERE id = $2', [event.credits, event.account])
  await pool.query('INSERT INTO webhook_events (event_id) VALUES ($1)', [event.id])
// else
  const client = await pool.connect()
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
// end
}
