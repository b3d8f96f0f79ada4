import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { login } from './login'

export const app = new Hono()
app.post('/login', async (c) => {
  const { email, password } = await c.req.json()
  const session = await login(email, password)
  setCookie(c, 'session_id', session.id, { path: '/', maxAge: 86400, httpOnly: true, secure: true, sameSite: 'Lax' })
  return c.redirect('/app')
})
