const k="pk_live_{{random}}";async function pay(e){return fetch("/api/billing/checkout",{method:"POST"})}const r={key:"{{rzp_id}}"};export{pay,r,k};
