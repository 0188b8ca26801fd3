/* probe.h: what came of trying an address of a host (ProbedAddress.result). */
#ifndef DVM_PROTO_PROBE_H
#define DVM_PROTO_PROBE_H

enum dvm_probe {
    DVM_PROBE_NOT_TRIED, /* another one answered before its turn, or time was over */
    DVM_PROBE_GOOD,      /* the right host has proved itself there */
    DVM_PROBE_REFUSED,   /* nobody listens there, or a firewall says so */
    DVM_PROBE_SILENT,    /* nothing came back */
    DVM_PROBE_NO_ROUTE,  /* no way leads there */
    DVM_PROBE_STRANGER,  /* somebody listens, who is not that host */
    DVM_PROBE_RESULTS
};

#endif
