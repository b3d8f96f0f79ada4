import jwt from 'jsonwebtoken'
import { cookies } from 'next/headers'

export async function currentUser() {
  const token = (await cookies()).get('token')?.value
  if (!token) return null
  const claims = jwt.decode(token) as { sub: string }
  return { id: claims.sub }
}
