import jwt from 'jsonwebtoken'
import { cookies } from 'next/headers'

export async function bearer() {
  const token = (await cookies()).get('token')?.value
  if (!token) return null
// if token-not-verified
  const claims = jwt.decode(token) as { sub: string }
  return { id: claims.sub }
// else
  try {
    const claims = jwt.verify(token, process.env.JWT_SECRET!, { algorithms: ['HS256'] }) as { sub: string }
    return { id: claims.sub }
  } catch {
    return null
  }
// end
}
