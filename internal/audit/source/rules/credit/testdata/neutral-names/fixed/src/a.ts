import { Hono } from 'hono'
import { pool } from './pool'
import { session } from './session'

export const app = new Hono()
app.use('*', session)

app.post('/x', async (c) => {
  const { rowCount } = await pool.query('UPDATE t3 SET q7 = q7 - 5 WHERE k1 = $1 AND q7 >= 5', [c.get('who')])
  if (rowCount === 0) return c.json({ error: 'no' }, 402)
  return c.json({ ok: true })
})

app.get('/y', async (c) => {
  const { rows } = await pool.query('SELECT * FROM t4 WHERE k1 = $1', [c.get('who')])
  return c.json(rows)
})

app.get('/z/:k', async (c) => {
  if (c.req.param('k') !== c.get('who')) return c.json({}, 404)
  const { rows } = await pool.query('SELECT * FROM t4 WHERE k1 = $1', [c.req.param('k')])
  return c.json(rows)
})

app.get('/w/:k', async (c) => {
  const { rows } = await pool.query('SELECT * FROM t4 WHERE c9 = $1 AND k1 = $2', [c.req.param('k'), c.get('who')])
  return c.json(rows)
})
