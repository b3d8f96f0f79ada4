import { getUser } from './session'
import { pool } from './db'

const cache = new Map<string, { at: number; rows: unknown[] }>()

export async function dashboard() {
  const user = await getUser()
  const hit = cache.get('dashboard')
  if (hit && Date.now() - hit.at < 30_000) return hit.rows
  const { rows } = await pool.query('SELECT id, total FROM orders WHERE user_id = $1', [user.id])
  cache.set('dashboard', { at: Date.now(), rows })
  return rows
}

let last: unknown
export async function summary() {
  if (last) return last
  const user = await getUser()
  const { rows } = await pool.query('SELECT sum(total) FROM orders WHERE user_id = $1', [user.id])
  last = rows[0]
  return last
}
