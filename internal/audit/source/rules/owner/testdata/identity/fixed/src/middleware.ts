import type { Request, Response, NextFunction } from 'express'
import { sessionOf } from './sessions'

export async function tenant(req: Request, res: Response, next: NextFunction) {
  const session = await sessionOf(req.cookies.sid)
  if (!session) return res.status(401).end()
  ;(req as any).tenantId = session.tenantId
  next()
}
