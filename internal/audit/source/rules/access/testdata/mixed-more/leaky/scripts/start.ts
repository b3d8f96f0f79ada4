export function start() {
  console.log('env', process.env)
}
