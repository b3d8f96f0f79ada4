import { Pool } from 'pg'

const pool = new Pool()

export async function invoicesOf(tenant: string) {
  await pool.query("SELECT set_config('app.tenant_id', $1, false)", [tenant])
  const { rows } = await pool.query('SELECT id, total FROM invoices')
  return rows
}
