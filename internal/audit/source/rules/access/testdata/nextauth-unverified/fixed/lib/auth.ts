import jwt from 'jsonwebtoken'
import { cookies } from 'next/headers'

export async function currentUser() {
  const token = (await cookies()).get('token')?.value
  if (!token) return null
  try {
    const claims = jwt.verify(token, process.env.JWT_SECRET!, { algorithms: ['HS256'] }) as { sub: string }
    return { id: claims.sub }
  } catch {
    return null
  }
}
