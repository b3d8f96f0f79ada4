import { cookies } from 'next/headers'
import { login } from '@/lib/login'

export async function POST(req: Request) {
  const { email, password } = await req.json()
  const session = await login(email, password)
// if cookie-without-httponly
  ;(await cookies()).set('session', session.token, { path: '/', maxAge: 86400 })
// else
  ;(await cookies()).set('session', session.token, {
    path: '/', maxAge: 86400, httpOnly: true, secure: true, sameSite: 'lax',
  })
// end
// if secrets-logged
  console.log('signed in', email, password)
// end
  return Response.json({ ok: true })
}
