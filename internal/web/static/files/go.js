// Posts the form that leads to the payment provider. Its button stays for who comes back.
document.querySelector("form[data-go]")?.requestSubmit();
