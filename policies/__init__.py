"""The policy pack: what every environment must hold, judged by `pulumi preview` and `pulumi up`."""
