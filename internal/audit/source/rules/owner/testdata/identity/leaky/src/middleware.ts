import type { Request, Response, NextFunction } from 'express'

export function tenant(req: Request, res: Response, next: NextFunction) {
  const id = req.header('x-tenant-id')
  if (!id) return res.status(400).end()
  ;(req as any).tenantId = id
  next()
}
