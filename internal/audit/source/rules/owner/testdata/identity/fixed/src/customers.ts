import { Router } from 'express'
import { tenant } from './middleware'
import { pool } from './db'

export const customers = Router()
customers.use(tenant)
customers.get('/', async (req: any, res) => {
  const { rows } = await pool.query('SELECT * FROM customers WHERE tenant_id = $1', [req.tenantId])
  res.json(rows)
})
