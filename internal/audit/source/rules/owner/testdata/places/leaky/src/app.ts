import express from 'express'
import seats from './routes/seats'

const app = express()
app.use(express.json())
app.use('/seats', seats)
app.listen(3000)
